"""
Never let a thread of SyncToAsync wait for what can only be done by a thread of the same pool.

Two things did. asgiref 2.3.2 shares its threads with the event loop's lookups of host names, so
each event loop gets threads for SyncToAsync alone. And a thread in AsyncToSync waits for code
that may need SyncToAsync again: such a nested call never queues behind the threads that wait for
it, it runs on an overflow thread when all others are taken.
https://github.com/django/asgiref/issues/249
"""

import functools
import os
import sys
import threading

from ..._kinds import Number
from ..._settings import Variable
from ...patching.patch import Patch
from ._inherited import carried, variable

patch = Patch(
    __name__,
    package="asgiref",
    versions=">=2.1.1,<3.0",
    symptom="the site hangs for good once every thread is in async_to_sync(), e.g. group_send()",
)

threads = Variable(
    "ASGI_THREADS",
    Number("threads", least=1),
    None,
    "How many threads of a daphne may run views, queries and whatever else is not asynchronous at "
    "a time, each with a database connection of its own. By default Python's number: cores + 4, at "
    "most 32; on 3.7 and older 5 × cores.",
    "Environment of daphne",
)


@patch.when_imported("asgiref.sync")
def repair(sync):
    import asyncio

    bridge, pooled = sync.AsyncToSync, sync.SyncToAsync
    for owner, method, expected in (
        (bridge, "__call__", ("self", "args", "kwargs")),
        (bridge, "main_wrap", ("self", "args", "kwargs", "call_result")),
        (pooled, "__call__", ("self", "args", "kwargs")),
        (pooled, "thread_handler", ("self", "loop", "args", "kwargs")),
    ):
        code = getattr(owner, method).__code__
        names = code.co_varnames[: len(expected)]
        patch.expect(names == expected, "%s.%s takes %r" % (owner.__name__, method, names))
    call, wrap = bridge.__call__, bridge.main_wrap

    @functools.wraps(call)
    def wait(self, *args, **kwargs):
        # A thread of the site's own: somebody in a thread of ours may wait for it.
        stranger = cause.get() is None and not in_main_thread()
        outside = Call(None)
        token = cause.set(outside) if stranger else None
        try:
            return call(self, *args, **kwargs)
        finally:
            if stranger:
                cause.reset(token)
                outside.over = True
            pools().sweep()  # its loop may have been made for this call

    @functools.wraps(pooled.__call__)
    async def __call__(self, *args, **kwargs):
        loop = asyncio.get_event_loop()
        handler = functools.partial(self.thread_handler, loop, *args, **kwargs)
        future = pools().of(loop, getattr(self, "threadpool", None)).submit(handler)
        return await asyncio.wrap_future(future, loop=loop)

    patch.replace(bridge, "__call__", wait)
    patch.replace(pooled, "__call__", __call__)

    @functools.wraps(wrap)
    def main_wrap(self, args, kwargs, call_result):
        return carried(wrap(self, args, kwargs, call_result))

    if sys.version_info < (3, 7):
        # No coroutine function: what is carried is asked for at the call.
        patch.replace(bridge, "main_wrap", main_wrap, as_it_is=True)


# The Call that runs in this thread, or on whose behalf this task runs, or None.
cause = variable(__name__)


class Call(object):
    """What runs in a thread; its level is one above that of the Call that may wait for it."""

    __slots__ = ("level", "cause", "over")

    def __init__(self, cause):
        while cause is not None and cause.over:
            # What it set off goes on without it: callbacks, or a connection's next request.
            cause = cause.cause
        self.cause = cause
        self.level = 0 if cause is None else cause.level + 1
        self.over = False


def in_main_thread():
    return threading.current_thread() is threading.main_thread()


class Pools(object):
    """The pools of this process, one for each event loop."""

    def __init__(self):
        self.pid = os.getpid()
        self.lock = threading.Lock()
        self.by_loop = {}

    def of(self, loop, stock):
        """The pool of a loop. `stock` is the executor of asgiref < 2.3.2."""
        pool, wanted = self.by_loop.get(loop), size(loop, stock)
        if pool is None:
            self.sweep()
            with self.lock:
                pool = self.by_loop.setdefault(loop, Pool(wanted))
        if pool.main.size != wanted:
            pool.resize(wanted)  # the loop has been given another executor
        return pool

    def sweep(self):
        """End the idle threads of closed loops."""
        for loop in list(self.by_loop):
            if loop.is_closed():
                with self.lock:
                    pool = self.by_loop.pop(loop, None)
                if pool is not None:
                    pool.shutdown()


_pools = Pools()


def pools():
    """The Pools of this process: threads do not survive a fork."""
    global _pools
    if _pools.pid != os.getpid():
        _pools = Pools()
    return _pools


def size(loop, stock):
    """How many threads asgiref would have had: ASGI_THREADS, the executor's, or Python's own."""
    if threads():
        return threads()
    executor = stock or getattr(loop, "_default_executor", None)
    return getattr(executor, "_max_workers", None) or default_size()


@functools.lru_cache(maxsize=None)
def default_size():
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor()._max_workers  # it has no threads yet


class Pool(object):
    """
    The threads that run SyncToAsync for one event loop.

    Calls at the top queue for `size` threads. A nested call is given one of these when one is
    free, and else queues for the `size` overflow threads of its level, which end when that level
    has nothing to do. So a thread only ever waits for calls of a higher level than its own, and
    there are at most `size` threads a level.
    """

    def __init__(self, size):
        self.lock = threading.RLock()  # a collected object may cancel a call meanwhile
        self.main = Lane(size)
        self.overflow = {}  # level → Lane

    def submit(self, function):
        """The concurrent Future of `function()`, called on behalf of the present `cause`."""
        call = Call(cause.get())
        level = call.level
        with self.lock:
            if not level or self.main.busy < self.main.size:
                lane, run = self.main, run_for
            else:
                if level not in self.overflow:
                    self.overflow[level] = Lane(self.main.size)
                lane, run = self.overflow[level], run_and_disconnect
            lane.busy += 1
            try:
                future = lane.executor.submit(run, call, function)
            except BaseException:
                lane.busy -= 1
                raise
        future.add_done_callback(functools.partial(self.done, lane, level))
        return future

    def done(self, lane, level, future):
        with self.lock:
            lane.busy -= 1
            if lane.busy or self.overflow.get(level) is not lane:
                return
            del self.overflow[level]
        lane.executor.shutdown(wait=False)

    def resize(self, size):
        """Have `size` threads from now on; what is queued already runs in the old ones."""
        with self.lock:
            old, self.main = self.main, Lane(size)
        old.executor.shutdown(wait=False)

    def shutdown(self):
        """Let the threads end once they have nothing to do."""
        self.main.executor.shutdown(wait=False)  # the others do so by themselves


class Lane(object):
    """At most `size` threads with a queue; `busy` calls are running or queued."""

    def __init__(self, size):
        from concurrent.futures import ThreadPoolExecutor

        self.executor = ThreadPoolExecutor(size, thread_name_prefix="SyncToAsync")
        self.size = size
        self.busy = 0


def run_for(call, function):
    """In a thread of a pool."""
    token = cause.set(call)
    try:
        return function()
    except StopIteration as error:
        # No asyncio.Future takes one, so whoever awaits would never wake.
        raise RuntimeError("a function in a thread raised StopIteration") from error
    finally:
        cause.reset(token)
        call.over = True


def run_and_disconnect(call, function):
    """In a thread that is about to end: leave no database connection behind."""
    try:
        return run_for(call, function)
    finally:
        database = sys.modules.get("django.db")
        if database is not None:
            try:
                database.connections.close_all()
            except Exception as error:
                import logging

                logging.getLogger(__package__).debug("connection not closed: %r", error)
