"""
Use no pooled connection that Redis has closed, or that is dead after a rest.

Whether it still lives is asked before anything is sent on it, so that nothing is sent twice.
https://github.com/django/channels_redis/issues/20
"""

import asyncio
import functools
import select
import time

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.3.0,<3.0",
    symptom="after Redis was restarted, sends fail once for every connection that was open",
)

# A connection that rested longer is asked for an answer: firewalls forget idle ones silently.
REST_SECONDS = 15
ANSWER_SECONDS = 3


@patch.when_imported("channels_redis.core")
def repair(core):
    pool = core.ConnectionPool
    stock_pop, stock_push = pool.pop, pool.push

    @functools.wraps(stock_pop)
    async def pop(self, loop=None):
        loop = loop or asyncio.get_event_loop()
        while self.conn_map.get(loop):
            conn = await stock_pop(self, loop)
            try:
                if await lives(conn):
                    return conn
            except BaseException:
                self.conn_error(conn)
                raise
            self.conn_error(conn)
        return await stock_pop(self, loop)

    @functools.wraps(stock_push)
    def push(self, conn):
        conn.rests_since = time.monotonic()
        stock_push(self, conn)

    patch.replace(pool, "pop", pop)
    patch.replace(pool, "push", push)


async def lives(conn):
    """Whether a connection from the pool can be used."""
    from ..._redis_outage import is_outage

    if conn.closed or has_input(conn):
        return False
    if time.monotonic() - getattr(conn, "rests_since", time.monotonic()) < REST_SECONDS:
        return True
    try:
        await asyncio.wait_for(conn.ping(), ANSWER_SECONDS)
    except Exception as error:
        if isinstance(error, asyncio.CancelledError) or not is_outage(error):
            raise
        return False
    return True


def has_input(conn):
    """Whether something arrived unasked: the end, which the event loop has not seen yet."""
    writer = getattr(conn.connection, "_writer", None)
    sock = writer and writer.transport.get_extra_info("socket")
    if sock is None or sock.fileno() < 0:
        return False
    if not hasattr(select, "poll"):
        return bool(select.select([sock.fileno()], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return bool(poll.poll(0))
