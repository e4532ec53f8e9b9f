"""
Close the database connections of idle threads when they are older than CONN_MAX_AGE, and all of
them with the event loop.

Django does so at the next request of a thread, channels at its next query. A thread of
`sync_to_async` may not have one for hours, and kept its connection; those of a closed loop kept
theirs until the end of the process ("database is being accessed by other users").
https://github.com/django/channels/issues/871
"""

import functools
import queue
import sys
import threading
import time

from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="asgiref",
    versions=">=2.1.1,<3.0",
    symptom="as many idle database connections as threads remain, older than CONN_MAX_AGE",
)

WAIT = 1.0  # seconds that the end of a loop waits for its idle threads


@patch.when_imported("asgiref.sync")
def repair(sync):
    from . import thread_pool

    if thread_pool.patch.disabled:
        raise NotNeeded("asgiref.thread_pool is disabled")
    lane, pools = thread_pool.Lane, thread_pool.Pools
    begin, of = lane.__init__, pools.of

    @functools.wraps(begin)
    def __init__(self, size):
        begin(self, size)
        self.executor._work_queue = Work(self.executor._work_queue)

    @functools.wraps(of)
    def pool_of(self, loop, stock):
        known = loop in self.by_loop
        pool = of(self, loop, stock)
        if not known:
            end_with(loop, self, pool)
        return pool

    patch.replace(lane, "__init__", __init__)
    patch.replace(pools, "of", pool_of)


class Work(object):
    """The queue of an executor; a thread that waits at it looks after its connections."""

    def __init__(self, stock):
        self._stock = stock

    def __getattr__(self, name):
        return getattr(self._stock, name)

    def get(self, block=True, timeout=None):
        item = self._wait() if block and timeout is None else self._stock.get(block, timeout)
        if item is None:  # the thread is told to end
            tidy(lambda connection: connection.close())
        return item

    def _wait(self):
        while True:
            try:
                return self._stock.get(True, seconds())
            except queue.Empty:
                tidy(lambda connection: connection.close_if_unusable_or_obsolete())


def connections():
    """The database connections of this thread that are open, and in no transaction."""
    database = sys.modules.get("django.db")
    kept = getattr(getattr(database, "connections", None), "_connections", None)
    return [
        connection
        for connection in list(vars(kept).values() if kept is not None else ())
        if getattr(connection, "connection", None) is not None and not connection.in_atomic_block
    ]


def seconds():
    """How long until one of them is too old; None when none will be."""
    ages = [each.close_at for each in connections() if each.close_at is not None]
    return max(0.01, min(ages) - time.time()) if ages else None


def tidy(end):
    """Call `end` for each of them."""
    for connection in connections():
        try:
            end(connection)
        except Exception as error:
            import logging

            logging.getLogger(__package__).debug("connection not closed: %r", error)


def end_with(loop, pools, pool):
    """Have the threads of a pool end when its loop is closed."""
    close = loop.close

    @functools.wraps(close)
    def closing():
        close()
        if not loop.is_closed():
            return
        busy = pool.main.busy
        threads = list(pool.main.executor._threads)
        pools.sweep()
        until = time.monotonic() + (0 if busy else WAIT)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0, until - time.monotonic()))

    try:
        loop.close = closing
    except AttributeError:
        pass  # a loop in C: its threads end when the next one is used
