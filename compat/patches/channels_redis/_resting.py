"""Connections at rest in the layer's pools: what is done when one is taken, and put back."""

import asyncio
import functools
import time


def wrap(patch, core, pop, push):
    """
    Put two functions around pop() and push() of the layer's pools.

    pop(stock, pool, loop) is a coroutine function, push(stock, pool, connection) is none; both call
    `stock` with their last argument. Each connection that is pushed notes when its rest began.
    """
    pool = core.ConnectionPool
    stock_pop, stock_push = pool.pop, pool.push

    @functools.wraps(stock_pop)
    async def around_pop(self, loop=None):
        loop = loop or asyncio.get_event_loop()
        return await pop(functools.partial(stock_pop, self), self, loop)

    @functools.wraps(stock_push)
    def around_push(self, conn):
        conn.compat_since = time.monotonic()
        push(functools.partial(stock_push, self), self, conn)

    patch.replace(pool, "pop", around_pop)
    patch.replace(pool, "push", around_push)


def rested(connection):
    """For how many seconds; 0 for one that is new."""
    now = time.monotonic()
    return now - getattr(connection, "compat_since", now)
