"""Connections of one event loop to one Redis, made as channels_redis makes them."""

import asyncio
import select
from typing import Any, Callable, Optional, Set

from .._asyncio import end_task
from .._redis_outage import is_outage
from .plans import Script

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0


async def open_connection(pool: Any) -> Any:
    """A connection that belongs to the caller alone."""
    conn = await asyncio.wait_for(pool.pop(), CONNECT_SECONDS)
    pool.in_use.pop(conn, None)
    return conn


async def end_connection(conn: Any) -> None:
    """Close a connection, and wait for the task that reads it."""
    conn.close()
    await conn.wait_closed()


class Commands:
    """One connection that everybody on the loop shares: answers come in the order of commands."""

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self.conn: Any = None
        self.last: Any = None  # that was closed
        self.connecting: Optional[asyncio.Future[Any]] = None
        self.waiting: Set[asyncio.Future[Any]] = set()

    async def ask(self, script: Script, keys: Any, args: Any) -> Any:
        """Redis' answer to a script; raises what aioredis does."""
        from aioredis.errors import ReplyError

        try:
            return await self._answer("evalsha", script.digest, keys, args)
        except ReplyError as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
        return await self._answer("eval", script.text, keys, args)

    async def get(self, key: str) -> Any:
        """The value of a key."""
        return await self._answer("get", key)

    async def _answer(self, command: str, *args: Any) -> Any:
        conn = await self._connection()
        answer = asyncio.ensure_future(getattr(conn, command)(*args))
        self.waiting.add(answer)
        try:
            await asyncio.wait([answer], timeout=ANSWER_SECONDS)
            if not answer.done():
                self.close()
                raise asyncio.TimeoutError("Redis does not answer in %g s" % ANSWER_SECONDS)
            return answer.result()
        except Exception as error:
            if not isinstance(error, asyncio.CancelledError) and is_outage(error):
                if self.conn is conn:
                    self.close()
            raise
        finally:
            self.waiting.discard(answer)
            answer.add_done_callback(retrieve)

    async def _connection(self) -> Any:
        conn = self.conn
        # Whatever came unasked is its end.
        if conn is not None and (conn.closed or (has_input(conn) and not self.waiting)):
            self.close()
        while self.conn is None:
            if self.connecting is None:
                self.connecting = asyncio.ensure_future(self._connect())
                self.connecting.add_done_callback(retrieve)
            await asyncio.shield(self.connecting)
        # A new one is not looked at: a Redis with too many clients says so and hangs up, which is
        # the command's error then, and no reason to come back at once.
        return self.conn

    async def _connect(self) -> None:
        try:
            self.conn = await open_connection(self.pool)
        finally:
            self.connecting = None

    def close(self) -> None:
        """The next command opens another one."""
        conn, self.conn = self.conn, None
        if conn is not None:
            self.last = conn
            conn.close()

    async def stop(self) -> None:
        """Close it, and wait for its end."""
        if self.connecting is not None:
            await end_task(self.connecting)
        self.close()
        if self.last is not None:
            await end_connection(self.last)


def retrieve(future: "asyncio.Future[Any]") -> None:
    """Nobody may have waited to the end: its exception is no news then."""
    if not future.cancelled():
        future.exception()


def has_input(conn: Any) -> bool:
    """Whether something has arrived that the event loop has not read yet."""
    writer = getattr(conn.connection, "_writer", None)
    sock = writer and writer.transport.get_extra_info("socket")
    return sock is not None and readable(sock)


def readable(sock: Any) -> bool:
    """Whether a socket has something to read, such as its end."""
    return sock.fileno() < 0 or bool(poller(sock)(0))


def poller(sock: Any) -> Callable[[float], Any]:
    """A function of milliseconds: is there something to read within them?"""
    descriptor = sock.fileno()
    if not hasattr(select, "poll"):
        return lambda wait: select.select([descriptor], [], [], wait / 1000)[0]
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return poll.poll
