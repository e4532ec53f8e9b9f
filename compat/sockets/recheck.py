"""
Open sockets are checked again: every SOCKETS_RECHECK_SECONDS, and at a logout at once.

One Recheck for each event loop. A round asks the database a few times for all sockets together;
what nobody can tell, because the database does not answer, is asked again soon.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Awaitable, Callable, Dict, Optional, Set

from .. import close_codes
from .._asyncio import end_task
from ..channel_layer.notify import Message
from ..channel_layer.per_loop import PerLoop
from . import logout, session_check
from ._settings import RECHECK_SECONDS

logger = logging.getLogger(__name__)

# The key of a scope that has the socket's OpenSocket.
KEY = "compat.sockets.recheck"
# A round that failed is made again after this, if the next one is not earlier.
RETRY_SECONDS = 5


class OpenSocket:
    """One socket that is checked again. `end(code)` is a coroutine function that closes it."""

    __slots__ = ("end", "consumer", "session_key", "user", "digest", "recheck", "__weakref__")

    def __init__(self, end: Callable[[int], Awaitable[Any]]) -> None:
        self.end = end
        # Has opinions of its own on who may stay: a RecheckMixin.
        self.consumer: Any = None
        self.user: Any = None
        self.session_key: Optional[str] = None
        self.digest: Optional[str] = None
        self.recheck: Optional[Recheck] = None

    def start(self, scope: Dict[str, Any]) -> None:
        """Begin to check the session and the user in an ASGI scope, if there is a user in it."""
        if self.recheck is not None or "user" not in scope:
            return
        self.session_key = session_check.session_key(scope.get("session"))
        self.user = scope["user"]
        if self.session_key is not None:
            self.digest = logout.digest(self.session_key)
        self.recheck = Recheck.current()
        self.recheck.enter(self)

    def stop(self) -> None:
        """Forget the socket."""
        recheck, self.recheck = self.recheck, None
        if recheck is not None:
            recheck.leave(self)


class Recheck(PerLoop):
    """The sockets of one event loop; exists while there is one."""

    TYPE = logout.TYPE

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.sockets: Set[OpenSocket] = set()
        self.by_digest: Dict[str, Set[OpenSocket]] = {}
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="sockets")
        if self.subscriber is not None:
            self.later(self.join(logout.GROUP))
        self.checking = loop.create_task(self._check())

    def enter(self, socket: OpenSocket) -> None:
        self.sockets.add(socket)
        if socket.digest is not None:
            self.by_digest.setdefault(socket.digest, set()).add(socket)

    def leave(self, socket: OpenSocket) -> None:
        self.sockets.discard(socket)
        same = self.by_digest.get(socket.digest) if socket.digest is not None else None
        if socket.digest is not None and same is not None:
            same.discard(socket)
            if not same:
                del self.by_digest[socket.digest]
        if not self.sockets and self.is_current():
            self.retire()

    async def stop(self) -> None:
        await end_task(self.checking)
        self.thread.shutdown(wait=False)

    # Logouts

    def on_notification(self, message: Message) -> None:
        """Close the sockets of a session that has ended."""
        for socket in tuple(self.by_digest.get(message.get("session", ""), ())):
            self.dismiss(socket, close_codes.SIGNED_OUT)

    # Rounds

    async def _check(self) -> None:
        period = RECHECK_SECONDS()
        pause = period
        while period:
            await asyncio.sleep(pause)
            began = self.loop.time()
            pause = period
            try:
                await self.check()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # of the database, or of wherever the sessions are
                pause = min(period, RETRY_SECONDS)
                self.throttle.log(
                    logger.warning,
                    "open sockets cannot be checked: %s: %s",
                    type(error).__name__,
                    error,
                )
            # From beginning to beginning, so that the bound does not grow with the round.
            pause = max(pause - (self.loop.time() - began), 0.05)

    async def check(self) -> None:
        """One round over all sockets."""
        sockets = list(self.sockets)
        if not sockets:
            return
        try:
            codes = await self.loop.run_in_executor(self.thread, session_check.ask, sockets)
        except session_check.HalfChecked as half:
            for socket, code in half.codes.items():
                self.dismiss(socket, code)
            raise half.__cause__ or half
        for socket in sockets:
            if socket in codes:
                self.dismiss(socket, codes[socket])
            elif socket.consumer is not None and socket.recheck is self:
                self._passed(socket.consumer)

    def dismiss(self, socket: OpenSocket, code: int) -> None:
        """Close a socket, if it is still there."""
        if socket.recheck is self:
            self.later(self._end(socket, code))

    def _passed(self, consumer: Any) -> None:
        try:
            consumer.rechecked()
        except Exception:  # of one consumer, and no reason to leave the others out
            self.throttle.log(logger.exception, "rechecked() of %s failed", type(consumer).__name__)

    async def _end(self, socket: OpenSocket, code: int) -> None:
        end = socket.end if socket.consumer is None else socket.consumer.dismissed
        try:
            await end(code)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            logger.info("socket not closed: %s: %s", type(error).__name__, error)
