"""
Open sockets are checked again: every SOCKETS_RECHECK_SECONDS, and at a logout at once.

One watch for each event loop. A round asks the database a few times for all sockets together;
what nobody can tell, because the database does not answer, is asked again soon.
"""

import asyncio
import atexit
import logging
import os
from concurrent.futures import ThreadPoolExecutor

from .._asyncio import end_task, is_current
from .._throttle import Throttle
from ..channel_layer import layers
from ..channel_layer.subscriber import Ear
from . import logout
from . import session_check as standing
from ._settings import RECHECK_SECONDS
from .codes import CLOSE_SIGNED_OUT

logger = logging.getLogger(__name__)

# The key of a scope that has the socket's Watched.
KEY = "compat.sockets.watched"
# A round that failed is made again after this, if the next one is not earlier.
RETRY_SECONDS = 5

_watches = {}
# Have no socket any more, and may still be members of the group.
_stopping = set()


class Watched:
    """One socket. `end(code)` is a coroutine function that closes it."""

    __slots__ = ("end", "consumer", "session_key", "user", "digest", "watch", "__weakref__")

    def __init__(self, end):
        self.end = end
        # Has opinions of its own on who may stay: a WatchedMixin.
        self.consumer = self.session_key = self.user = self.digest = self.watch = None

    def start(self, scope):
        """Begin to watch the session and the user in an ASGI scope, if there is a user in it."""
        if self.watch is not None or "user" not in scope:
            return
        self.session_key = standing.session_key(scope.get("session"))
        self.user = scope["user"]
        if self.session_key is not None:
            self.digest = logout.digest(self.session_key)
        self.watch = Watch.current()
        self.watch.enter(self)

    def stop(self):
        """Forget the socket."""
        watch, self.watch = self.watch, None
        if watch is not None:
            watch.leave(self)


class Watch:
    """The sockets of one event loop; exists while there is one."""

    @classmethod
    def current(cls):
        """The watch of the running loop, made when there is none."""
        loop = asyncio.get_event_loop()
        for key, watch in list(_watches.items()):
            if watch.pid != os.getpid() or watch.loop.is_closed():
                logout.unlisten(watch.ring)
                del _watches[key]
        watch = _watches.get(id(loop))
        if watch is None:
            watch = _watches[id(loop)] = cls(loop)
        return watch

    def __init__(self, loop):
        self.loop = loop
        self.pid = os.getpid()
        self.sockets = set()
        self.by_digest = {}
        self.throttle = Throttle()
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="sockets")
        self.ending = set()
        layer = layers.own_layer()
        self.ear = None if layer is None else Ear(layer, self.on_bell, lambda: None)
        self.joining = None if self.ear is None else self._later(self.ear.join(logout.GROUP))
        self.checking = loop.create_task(self._check())
        logout.listen(self.ring)

    def enter(self, socket):
        self.sockets.add(socket)
        if socket.digest is not None:
            self.by_digest.setdefault(socket.digest, set()).add(socket)

    def leave(self, socket):
        self.sockets.discard(socket)
        same = self.by_digest.get(socket.digest)
        if same is not None:
            same.discard(socket)
            if not same:
                del self.by_digest[socket.digest]
        if not self.sockets and _watches.get(id(self.loop)) is self:
            del _watches[id(self.loop)]
            logout.unlisten(self.ring)
            _stopping.add(self)
            self._later(self._stop())

    def _later(self, coroutine):
        task = self.loop.create_task(coroutine)
        self.ending.add(task)
        task.add_done_callback(self.ending.discard)
        return task

    async def _stop(self):
        await end_task(self.checking)
        if self.ear is not None:
            others = [task for task in self.ending if not is_current(task)]
            if others:
                await asyncio.wait(others)
            await self.ear.leave(logout.GROUP)
            await self.ear.stop()
        self.thread.shutdown(wait=False)
        _stopping.discard(self)

    # Logouts

    def ring(self, message):
        """A logout in this process, from any thread."""
        if self.pid == os.getpid():
            try:
                self.loop.call_soon_threadsafe(self.on_bell, message)
            except RuntimeError:  # the loop was closed without a goodbye
                logout.unlisten(self.ring)

    def on_bell(self, message):
        """Close the sockets of a session that has ended."""
        if message.get("type") == logout.TYPE:
            for socket in tuple(self.by_digest.get(message.get("session"), ())):
                self.dismiss(socket, CLOSE_SIGNED_OUT)

    # Rounds

    async def _check(self):
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

    async def check(self):
        """One round over all sockets."""
        sockets = list(self.sockets)
        if not sockets:
            return
        try:
            codes = await self.loop.run_in_executor(self.thread, standing.ask, sockets)
        except standing.HalfChecked as half:
            for socket, code in half.codes.items():
                self.dismiss(socket, code)
            raise half.__cause__
        for socket in sockets:
            if socket in codes:
                self.dismiss(socket, codes[socket])
            elif socket.consumer is not None and socket.watch is self:
                self._passed(socket.consumer)

    def dismiss(self, socket, code):
        """Close a socket, if it is still there."""
        if socket.watch is self:
            self._later(self._end(socket, code))

    def _passed(self, consumer):
        try:
            consumer.rechecked()
        except Exception:  # of one consumer, and no reason to leave the others out
            self.throttle.log(logger.exception, "rechecked() of %s failed", type(consumer).__name__)

    async def _end(self, socket, code):
        end = socket.end if socket.consumer is None else socket.consumer.dismissed
        try:
            await end(code)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            logger.info("socket not closed: %s: %s", type(error).__name__, error)


def _say_goodbye():
    for watch in list(_watches.values()) + list(_stopping):
        if watch.pid == os.getpid() and watch.ear is not None:
            watch.ear.leave_at_exit()


atexit.register(_say_goodbye)
