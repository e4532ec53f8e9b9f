"""How many sockets one address and one user may have in this process, and messages on each."""

import collections
import ipaddress
import logging
from typing import Any, Callable, Dict, Hashable, Iterable, Optional

from .. import close_codes
from .._inboxes import sifted
from .._throttle import Throttle
from . import interface
from ._settings import (
    MESSAGES_AT_ONCE,
    MESSAGES_PER_SECOND,
    PER_ADDRESS,
    PER_USER,
    UNCOUNTED,
)
from .rate import Bucket
from .recheck import KEY, OpenSocket

logger = logging.getLogger(__name__)
_throttle = Throttle()

V6_PREFIX = 64  # one customer has that many addresses to choose from


class Counts(object):
    """How many of each; only those that there are take memory."""

    def __init__(self, most: float) -> None:
        self.most = most
        self.counts: Dict[Hashable, int] = collections.Counter()

    def enter(self, key: Hashable) -> bool:
        """Count one more, or return False when there are `most` already; None is not counted."""
        if key is None or not self.most:
            return True
        if self.counts[key] >= self.most:
            return False
        self.counts[key] += 1
        return True

    def leave(self, key: Hashable) -> None:
        """Undo an enter() that returned True."""
        if key is not None and self.most:
            self.counts[key] -= 1
            if not self.counts[key]:
                del self.counts[key]


class AddressLimit(interface.Middleware):
    """ASGI middleware: at most SOCKETS_PER_ADDRESS at a time, before anything is looked up."""

    def __init__(self, inner: Callable[..., Any]) -> None:
        self.inner = inner
        self.counts = Counts(PER_ADDRESS())
        self.uncounted = UNCOUNTED()

    def instance(self, scope: Dict[str, Any]) -> interface.Instance:
        async def run(receive, send):
            key = address_key((scope.get("client") or (None,))[0], self.uncounted)
            if not self.counts.enter(key):
                return await turn_away(scope, receive, send, "address %s" % key)
            try:
                return await interface.instance(self.inner, scope)(receive, send)
            finally:
                self.counts.leave(key)

        return run


class SocketLimit(interface.Middleware):
    """ASGI middleware inside of authentication: limits by user, and sessions checked again."""

    def __init__(self, inner: Callable[..., Any]) -> None:
        self.inner = inner
        self.counts = Counts(PER_USER())
        self.rate = MESSAGES_PER_SECOND()
        self.at_once = max(MESSAGES_AT_ONCE(), 1)

    def instance(self, scope: Dict[str, Any]) -> interface.Instance:
        return Socket(self, scope)


class Socket(object):
    """One socket; an ASGI application instance."""

    def __init__(self, limit: SocketLimit, scope: Dict[str, Any]) -> None:
        self.limit = limit
        self.ended = False
        self.checked = OpenSocket(self.end)
        # A consumer that has more to say about who may stay finds it there.
        self.scope = dict(scope, **{KEY: self.checked})
        # Middleware outside fills in "user" after this, in objects that both scopes share.
        self.inner = interface.instance(limit.inner, self.scope)
        self.bucket = Bucket(limit.rate, limit.at_once) if limit.rate else None

    async def __call__(self, receive: Any, send: Any) -> Any:
        # `real_send` as in channels' own middleware: see compat.streams.flow.
        self._receive, self.real_send = receive, send
        user = self.scope.get("user")
        key = user.pk if user is not None and user.is_authenticated else None
        if not self.limit.counts.enter(key):
            return await turn_away(self.scope, receive, send, "user %s" % key)
        self.checked.start(self.scope)
        try:
            return await self.inner(self.receive, self.send)
        finally:
            self.checked.stop()
            self.limit.counts.leave(key)

    async def receive(self) -> Dict[str, Any]:
        """The next message; what comes after the end, or too fast, does not reach the consumer."""
        while True:
            message = await self._receive()
            refusal = self.refusal(message)
            if refusal is None:
                return message
            await refusal

    receive.inbox = lambda self: sifted(  # type: ignore[attr-defined]
        self._receive, self.refusal
    )

    def refusal(self, message: Dict[str, Any]) -> Any:
        """What is to be awaited in place of handing on what comes after the end, or too fast."""
        if message["type"] != "websocket.receive":
            return None
        if self.ended:
            return drop()
        if self.bucket is None or self.bucket.take():
            return None
        complain("more than %s messages a second on one socket" % self.limit.rate)
        return self.end(close_codes.TOO_MANY)

    async def send(self, message: Dict[str, Any]) -> None:
        """Pass a message on; after the end there is nobody to send it to."""
        if not self.ended:
            self.ended = message["type"] == "websocket.close"
            await self.real_send(message)

    async def end(self, code: int) -> None:
        """Close with `code`, once."""
        await self.send({"type": "websocket.close", "code": code})


async def drop() -> None:
    """Nothing is to be done about a message."""


async def turn_away(scope: Dict[str, Any], receive: Any, send: Any, whose: str) -> None:
    """Accept, so that the close code is seen, and close; returns when the client is gone."""
    complain("too many sockets of %s" % whose)
    # A browser takes it for an error when none of those that it offers is chosen.
    chosen = (list(scope.get("subprotocols") or ()) + [None])[0]
    await send({"type": "websocket.accept", "subprotocol": chosen})
    await send({"type": "websocket.close", "code": close_codes.TOO_MANY})
    while (await receive())["type"] != "websocket.disconnect":
        pass


def address_key(text: Optional[str], uncounted: Iterable[Any]) -> Optional[str]:
    """What sockets of a client's address are counted under; None when they are not counted."""
    if not text:
        return None  # a Unix socket
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text[:100]  # only a proxy that we trust can have said so
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    if any(address in network for network in uncounted):
        return None
    if address.version == 6:
        return str(ipaddress.ip_network((int(address), V6_PREFIX), strict=False))
    return str(address)


def complain(what: str) -> None:
    _throttle.log(logger.warning, "WebSocket closed with %d: %s", close_codes.TOO_MANY, what)
