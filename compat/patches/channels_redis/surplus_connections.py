"""
Open a few connections to Redis at a time, and close those that a burst left over.

When 500 WebSockets leave their groups at once, each finds no connection at rest and opens one of
its own, though all would be done in a few milliseconds; and all of them stay, for ever, of every
process. Redis has 10,000 for everybody. Now whoever finds none waits until one is free, or its
turn to open one has come; when connecting is slow, not for long. What has rested for some
seconds is closed, down to a few.
https://github.com/django/channels_redis/blob/2.3.1/channels_redis/core.py#L62
"""

import asyncio
import collections

from ...patching.patch import Patch
from ._resting import rested, wrap

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.3.0,<3.0",
    symptom="500 WebSockets that close at once open 500 connections to Redis, which stay open",
)

AT_ONCE = 8  # connections that are being opened
PATIENCE = 0.25  # seconds, after which nobody waits for its turn any more
KEEP = 8  # connections that may rest for ever
REST_SECONDS = 10


@patch.when_imported("channels_redis.core")
def repair(core):
    # Around every other patch of theirs: a connection that is had by waiting is looked at, too.
    wrap(patch, core, pop, push)


async def pop(stock, pool, loop):
    openings = openings_of(pool, loop)
    await openings.turn(lambda: pool.conn_map.get(loop))
    openings.count += 1
    try:
        return await stock(loop)
    finally:
        openings.count -= 1
        openings.wake()


def push(stock, pool, connection):
    loop = pool.in_use.get(connection)
    stock(connection)
    if loop is not None:
        openings_of(pool, loop).wake()
        close_later(pool, loop)


def openings_of(pool, loop):
    """The Openings of a pool on one event loop."""
    known = vars(pool).setdefault("compat_openings", {})
    if loop not in known:
        for other in [other for other in known if other.is_closed()]:
            del known[other]
        known[loop] = Openings(loop)
    return known[loop]


class Openings(object):
    """Who waits for a connection, and how many are being had."""

    def __init__(self, loop):
        self.loop = loop
        self.count = 0
        self.waiting = collections.deque()
        self.closing = None  # the timer that closes what has rested

    async def turn(self, has_some):
        """Return when there may be a connection, or one may be opened; or after PATIENCE."""
        until = self.loop.time() + PATIENCE
        while self.count >= AT_ONCE and not has_some() and self.loop.time() < until:
            waiter = self.loop.create_future()
            self.waiting.append(waiter)
            timer = self.loop.call_at(until, done, waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self.wake()  # it was ours, and is the next one's
                raise
            finally:
                timer.cancel()

    def wake(self):
        """Let the next one look."""
        while self.waiting:
            waiter = self.waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return


def done(waiter):
    if not waiter.done():
        waiter.set_result(None)


def close_later(pool, loop):
    """See to it that what rests too long is closed."""
    openings = openings_of(pool, loop)
    if openings.closing is None and len(pool.conn_map.get(loop, ())) > KEEP:
        openings.closing = loop.call_later(REST_SECONDS, close_rested, pool, loop)


def close_rested(pool, loop):
    """Close the connections that have rested too long; the last used ones stay."""
    openings_of(pool, loop).closing = None
    conns = pool.conn_map.get(loop, [])
    # The first has rested longest: the last one is always taken.
    while len(conns) > KEEP and rested(conns[0]) >= REST_SECONDS * 0.9:
        conns.pop(0).close()
    close_later(pool, loop)
