"""The connection to one Redis that is subscribed; lost, it comes back with all it had."""

import asyncio
import logging
import random
from typing import Any, Awaitable, Callable, Dict, List, Optional, Set

from aioredis.abc import AbcChannel

from .._asyncio import end_task
from .._redis_outage import is_outage, is_refusal
from .._throttle import Throttle
from .connections import ANSWER_SECONDS, end_connection, open_connection, retrieve

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 3.0
# Who subscribes waits for so long while Redis is away.
JOIN_SECONDS = 5.0
# How often a connection that says nothing is asked whether it lives.
PING_SECONDS = 10.0
NAMES_AT_ONCE = 500

Receive = Callable[[bytes], Any]


class Subscription:
    """
    Hands what is published under a name to a function. `name` is its own, where nobody publishes.

    beat() is awaited every PING_SECONDS, first when all names are subscribed; it raises what makes
    this server the wrong one. on_return() is called when something may have been missed.
    """

    def __init__(
        self,
        pool: Any,
        name: str,
        beat: Callable[[], Awaitable[Any]],
        on_return: Callable[[], Any],
    ) -> None:
        self.pool, self.name, self.beat, self.on_return = pool, name, beat, on_return
        self.wanted: Dict[str, Receive] = {}
        self.confirmed: Set[str] = set()
        self.asked: Set[str] = set()
        self.conn: Any = None
        self.last: Any = None  # and where it has been lost
        self.task: Optional[asyncio.Task[Any]] = None
        self.changes: Set[asyncio.Future[None]] = set()
        self.error: Optional[BaseException] = None
        self.was_up, self.subscribing, self.pause = False, False, FIRST_PAUSE
        # A refusal has a line of its own: it may come when a lost connection was just told of.
        self.throttles = {True: Throttle(), False: Throttle()}

    def want(self, name: str, receive: Receive) -> None:
        """Subscribe soon."""
        self.wanted[name] = receive
        if self.task is None:
            self.task = asyncio.ensure_future(self._run())
            # The end of a process need not tell that this one was running.
            self.task._log_destroy_pending = False  # type: ignore[attr-defined]
        elif self.conn is not None:
            self._ask([name])

    async def add(self, name: str, receive: Receive) -> None:
        """Subscribe; returns when Redis has confirmed it, raises why it does not."""
        loop = asyncio.get_event_loop()
        deadline = loop.time() + JOIN_SECONDS
        self.error = None
        self.want(name, receive)
        while name not in self.confirmed and name in self.wanted:
            left = deadline - loop.time()
            if left <= 0 or (self.error is not None and not is_outage(self.error)):
                raise self.error or ConnectionError("Redis confirms no subscription")
            change = loop.create_future()
            self.changes.add(change)
            try:
                await asyncio.wait([change], timeout=left)
            finally:
                self.changes.discard(change)

    def remove(self, name: str) -> None:
        """Subscribe no longer."""
        if self.wanted.pop(name, None) is None:
            return
        self.confirmed.discard(name)
        self.asked.discard(name)
        if self.conn is not None and not self.conn.closed:
            self.conn.execute_pubsub("UNSUBSCRIBE", name).add_done_callback(retrieve)

    async def stop(self) -> None:
        """End the task, and close the connection."""
        self.wanted.clear()
        if self.task is not None:
            await end_task(self.task)
        if self.last is not None:
            await end_connection(self.last)

    def _ask(self, names: List[str]) -> None:
        """Send SUBSCRIBE for those that are not on their way."""
        conn = self.conn
        names = [name for name in names if name not in self.asked]
        if not names or conn.closed or not self.subscribing:
            return
        self.asked.update(names)
        sinks = [Sink(name, self.wanted[name]) for name in names]

        def confirm(answer: "asyncio.Future[Any]") -> None:
            retrieve(answer)
            if self.conn is not conn:
                return
            if answer.cancelled() or answer.exception() is not None:
                self.asked.difference_update(names)
                self.error = answer.exception() if not answer.cancelled() else None
            else:
                self.confirmed.update(name for name in names if name in self.wanted)
            self._changed()

        conn.execute_pubsub("SUBSCRIBE", *sinks).add_done_callback(confirm)

    def _changed(self) -> None:
        for change in self.changes:
            if not change.done():
                change.set_result(None)

    async def _run(self) -> None:
        while True:
            try:
                self.conn = (await open_connection(self.pool)).connection
                self.last = self.conn
                await self._watch(self.conn)
            except asyncio.CancelledError:
                self._drop()
                raise
            except Exception as error:
                self._drop()
                self.error = error
                self._complain(error)
                self._changed()
            await asyncio.sleep(self.pause * random.uniform(0.5, 1))  # noqa: S311
            self.pause = min(self.pause * 2, LONGEST_PAUSE)

    async def _watch(self, conn: Any) -> None:
        """Until the connection is lost, whose reason it raises."""
        closed = asyncio.ensure_future(conn.wait_closed())
        try:
            # Alone: what Redis refuses aioredis tells only where nothing is subscribed yet.
            await self._answered(conn, closed)
            self.subscribing = True
            names = list(self.wanted)
            for start in range(0, len(names), NAMES_AT_ONCE):
                self._ask(names[start : start + NAMES_AT_ONCE])
            first = True
            while True:
                await self._answered(conn, closed)  # and what was asked before
                if first and self.was_up:
                    self.on_return()
                first, self.was_up, self.pause = False, True, FIRST_PAUSE
                await self.beat()
                await asyncio.wait([closed], timeout=PING_SECONDS)
                if closed.done():
                    raise ConnectionError("Redis has closed the connection")
        finally:
            await end_task(closed)

    async def _answered(self, conn: Any, closed: "asyncio.Future[Any]") -> None:
        """Redis lives and serves us. Not PING: where it cannot save, it has an error for that."""
        beat = asyncio.ensure_future(conn.execute_pubsub("SUBSCRIBE", Sink(self.name, drop)))
        beat.add_done_callback(retrieve)
        await asyncio.wait(
            [beat, closed], timeout=ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if not beat.done():
            raise ConnectionError("no answer in %g s" % ANSWER_SECONDS)
        beat.result()

    def _drop(self) -> None:
        conn, self.conn, self.subscribing = self.conn, None, False
        # Who was told of a confirmation misses something now, however short the connection was.
        self.was_up = self.was_up or bool(self.confirmed)
        self.confirmed.clear()
        self.asked.clear()
        if conn is not None:
            conn.close()

    def _complain(self, error: Exception) -> None:
        refused = is_refusal(error)
        what = "refuses us" if refused else "is away"
        self.throttles[refused].log(
            logger.warning,
            "Redis %s, groups get no messages until it is back: %s: %s",
            what,
            type(error).__name__,
            error,
        )


def drop(data: bytes) -> None:
    """Nobody publishes there."""


class Sink(AbcChannel):
    """What aioredis puts the messages of a name into: they are handed over at once."""

    is_pattern, is_active = False, True
    name = b""

    def __init__(self, name: str, receive: Receive) -> None:
        self.name, self.receive = name.encode(), receive

    async def get(self) -> Any:
        raise NotImplementedError("it keeps nothing")

    def put_nowait(self, data: bytes) -> None:
        self.receive(data)

    def close(self, exc: Any = None) -> None:
        """Nothing is open."""
