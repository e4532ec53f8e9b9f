"""Server-Sent Events: https://html.spec.whatwg.org/multipage/server-sent-events.html"""

import logging
import random
import re
from typing import Any, Optional

from ..._transport import max_unsent, unsent
from .._settings import HEARTBEAT_SECONDS
from ..entries import Text
from ..flow import WRITE_THROUGH_BYTES, Wire
from . import request
from .session import Session, protocol_of

logger = logging.getLogger(__name__)

LINE_END = re.compile("\r\n|\n|\r")
# What a browser waits before it comes back by itself: each is told another, so that after a
# restart they do not come all at once.
RETRY = (1000, 3000)
COMMENT = b":\n\n"


def event(text: str) -> bytes:
    """A frame as an event; its id is the cursor to come back with."""
    cursor: Optional[str] = getattr(text, "cursor", None)
    head = "" if cursor is None else f"id: {cursor}\n"
    lines = [text] if isinstance(text, Text) else LINE_END.split(text)
    return (head + "".join(f"data: {line}\n" for line in lines) + "\n").encode("utf-8")


class EventStream(Session):
    """A response that goes on."""

    transport = request.EVENTS

    def __init__(self, scope: Any, application: Any) -> None:
        self.timer: Any = None
        self.quiet = True  # nothing was written since the timer's last turn
        self.protocol: Any = None
        super().__init__(scope, application)

    def watch(self) -> None:
        super().watch()
        self.protocol = protocol_of(self._send)
        if self.protocol is not None:
            self.wire = EventWire(self)
        self.beats = request.knows_beats(self.scope)

    async def start(self) -> None:
        headers = request.headers(self.scope, b"text/event-stream")
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self.write(b"retry: %d\n\n" % random.randint(*RETRY))  # noqa: S311
        while self.held:
            await self.write(event(self.held.pop(0)))
        self.started = True
        self.turn()

    def content_type(self, status: int) -> bytes:
        return b"text/event-stream" if status == 200 else b"application/json"

    async def deliver(self, text: Text) -> None:
        if getattr(text, "kind", None) == "beat" and not self.beats:
            return
        limit = max_unsent()
        if self.wire is not None and 0 < limit < self.wire():
            logger.info("Resetting an event stream whose client does not read")
            self.abort()
        else:
            await self.write(event(text))

    async def write(self, data: bytes) -> None:
        self.quiet = False
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def goodbye(self, last: Text) -> None:
        if self.wire is not None and self.wire() > WRITE_THROUGH_BYTES:
            # It does not read, and would be waited for.
            self.abort()
        else:
            await self._send({"type": "http.response.body", "body": event(last)})

    def abort(self) -> None:
        """Reset the connection."""
        self.ended = True
        self.stop()
        channel = self.protocol.channel
        connection = channel if hasattr(channel, "abortConnection") else self.protocol.transport
        if connection is not None:
            connection.abortConnection()

    # A comment now and then, so that no proxy takes an idle response for a dead one.

    def turn(self) -> None:
        seconds = HEARTBEAT_SECONDS()
        if self.ended or not seconds:
            return
        self.timer = self.loop.call_later(seconds, self.turn)
        if self.quiet:
            self.loop.create_task(self.write(COMMENT))
        self.quiet = True

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()


class EventWire(Wire):
    """The connection of an event stream."""

    __slots__ = ("session",)

    def __init__(self, session: EventStream) -> None:
        super().__init__(session.protocol)
        self.session = session

    @property
    def beats(self) -> bool:
        return self.session.beats

    def __call__(self) -> int:
        return unsent(self.protocol)

    def write(self, frames: Any) -> bool:
        """Write Frames at once, encoded only once for all event streams; whether it was done."""
        session = self.session
        if not session.started or session.ended or self() > WRITE_THROUGH_BYTES:
            return False
        if frames.cursor is None and not self.beats and frames.texts[0].kind == "beat":
            return True  # it was written to now and then: see turn()
        if frames.events is None:
            data = b"".join(map(event, frames.texts))
            frames.events = data, b"%x\r\n%s\r\n" % (len(data), data)
        session.quiet = False
        data, chunk = frames.events
        request = self.protocol
        if request.chunked and not request.finished and request.channel is not None:
            # What Twisted would make of it, for each reader anew.
            request.sentLength += len(data)
            getattr(request, "compat_write", request.channel.write)(chunk)
        else:
            body = {"type": "http.response.body", "body": data, "more_body": True}
            request.handle_reply(body)
        return True
