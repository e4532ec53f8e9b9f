"""
Use no pooled connection that Redis has closed, or that is dead after a rest.

Whether it still lives is asked before anything is sent on it, so that nothing is sent twice.
https://github.com/django/channels_redis/issues/20
"""

import asyncio
import select

from ...patching.patch import Patch
from ._resting import rested, wrap

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
    wrap(patch, core, pop, push)


async def pop(stock, pool, loop):
    while pool.conn_map.get(loop):
        connection = await stock(loop)
        try:
            if await lives(connection):
                return connection
        except BaseException:
            pool.conn_error(connection)
            raise
        pool.conn_error(connection)
    return await stock(loop)


def push(stock, pool, connection):
    stock(connection)


async def lives(conn):
    """Whether a connection from the pool can be used."""
    from ..._redis_outage import is_outage

    if conn.closed or has_input(conn):
        return False
    if rested(conn) < REST_SECONDS:
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
