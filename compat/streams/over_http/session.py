"""A socket whose client is at the other end of an HTTP response."""

import asyncio
import json
import logging
import random
from typing import Any, Callable, Dict, List, Optional

from django.db import InterfaceError, OperationalError

from ... import close_codes
from ..._asyncio import end_task
from ..._throttle import Throttle
from ...sockets import interface
from ..entries import Text
from . import request
from .answers import closing, page, status_of

logger = logging.getLogger(__name__)
_throttle = Throttle()

LOST = 1006
LATER = (429, 503)


class Session:
    """
    An ASGI application for one request, and what a socket's application is called with.

    It answers when the socket is accepted and the loop has had a turn: an application that closes
    at once, because there are too many, is answered with a status.
    """

    transport = ""

    def __init__(self, scope: Dict[str, Any], application: Callable[..., Any]) -> None:
        self.scope = scope
        self.subscriptions = request.subscriptions(scope)
        self.many = bool(self.subscriptions)
        self.head_only = scope["method"] == "HEAD"
        self.code: Optional[int] = None  # of the close
        self.connected = self.accepted = self.started = self.ended = False
        self.starting: Any = None
        self.held: List[Text] = []
        self.wire: Any = None  # what a follower asks for the connection: see flow.wire_of()
        self.inner = interface.instance(application, request.socket_scope(scope, self.transport))

    # For subclasses

    async def start(self) -> None:
        """Begin to answer an accepted socket; what it has sent already is in `held`."""
        raise NotImplementedError

    async def deliver(self, text: Text) -> None:
        """Send one more frame."""
        raise NotImplementedError

    async def goodbye(self, last: Text) -> None:
        """End an answer that has begun, with that frame."""
        raise NotImplementedError

    def stop(self) -> None:
        """There is nobody to send to any more."""

    # What daphne calls

    async def __call__(self, receive: Any, send: Any) -> None:
        self.loop = asyncio.get_event_loop()
        self._receive, self._send = receive, send
        self.watch()
        try:
            await self.inner(self.receive, self.send)
            if not self.ended:  # it has left without a word
                await self.end(close_codes.NORMAL)
        except asyncio.CancelledError:
            raise
        except (InterfaceError, OperationalError) as error:
            if self.accepted:
                if self.started:
                    await self.end(close_codes.FAILED)
                raise
            # Whether it may is not known: that is no reason to stay away.
            text = "a reader is told to come back, the database does not answer: %s"
            _throttle.log(logger.warning, text, error)
            await self.end(close_codes.RESTART)
        except Exception:
            if self.started:
                await self.end(close_codes.FAILED)
            raise
        finally:
            self.ended = True
            self.stop()
            if self.starting is not None:
                await end_task(self.starting)

    def watch(self) -> None:
        """Have daphne tell when it is about to stop."""
        found = protocol_of(self._send)
        if found is not None:
            found.compat_restart = self.restart

    def restart(self) -> None:
        """Daphne stops: the client comes back, to another one."""
        self.loop.create_task(self.end(close_codes.RESTART))

    # What the application calls

    async def receive(self) -> Dict[str, Any]:
        """The next message of a socket whose client says nothing."""
        if not self.connected:
            self.connected = True
            return {"type": "websocket.connect"}
        # All that a client can say: nothing else in an address, which any page can have opened.
        streams, self.subscriptions = self.subscriptions, {}
        if streams:
            text = json.dumps({"type": "subscribe", "streams": streams})
            return {"type": "websocket.receive", "text": text}
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.ended = True
                self.stop()
                code = LOST if self.code is None else self.code
                return {"type": "websocket.disconnect", "code": code}

    async def send(self, message: Dict[str, Any]) -> None:
        """What the application says to its socket."""
        kind = message["type"]
        if self.ended:
            return
        if kind == "websocket.accept":
            self.accepted = True
            self.starting = self.loop.create_task(self._start())
        elif kind == "websocket.close":
            await self.end(message.get("code") or close_codes.NORMAL)
        elif kind == "websocket.send":
            text = message.get("text")
            if text is None:
                _throttle.log(logger.warning, "a binary frame cannot be sent over HTTP")
            elif self.started:
                await self.deliver(text)
            else:
                self.held.append(text)
        else:
            raise ValueError(f"a socket over HTTP cannot send {kind!a:.60}")

    async def _start(self) -> None:
        if self.head_only:
            self.ended = True
            await self.answer(200, b"")
        else:
            await self.start()

    async def end(self, code: int) -> None:
        """Say goodbye with a close code, once."""
        if self.ended:
            return
        self.ended, self.code = True, code
        self.stop()
        if self.started:
            await self.goodbye(closing(code))
            return
        if self.starting is not None:
            await end_task(self.starting)
        if self.accepted or code == close_codes.RESTART:
            await self.refuse(status_of(code), self.held + [closing(code)])
        else:
            await self.refuse(403, [])  # as a handshake is

    async def refuse(self, status: int, frames: List[Text]) -> None:
        """Answer with a status; the frames tell more."""
        await self.answer(status, page(frames, self.many))

    async def answer(self, status: int, body: bytes) -> None:
        """A whole answer."""
        headers = request.headers(self.scope, self.content_type(status))
        if status in LATER:
            headers.append((b"Retry-After", b"%d" % random.randint(2, 6)))  # noqa: S311
        if not self.head_only:
            headers.append((b"Content-Length", b"%d" % len(body)))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    def content_type(self, status: int) -> bytes:
        return b"application/json"


def protocol_of(send: Any) -> Any:
    """daphne's request behind a `send`, which closes over it; None of any other server."""
    for cell in getattr(send, "__closure__", None) or ():
        try:
            protocol = cell.cell_contents
        except ValueError:
            continue
        if hasattr(protocol, "transport") and hasattr(protocol, "handle_reply"):
            return protocol
    return None
