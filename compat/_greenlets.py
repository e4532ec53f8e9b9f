"""
A native thread for what runs an event loop in a process that gevent has patched.

There all "threads" are greenlets of one thread, and asyncio runs one event loop in a thread: while
one greenlet waits in its loop, no other can run one.
"""

import os
import sys

_pools = {}  # type: ignore[var-annotated]  # (process, threads) → gevent's ThreadPool
_ours = set()  # type: ignore[var-annotated]  # identities of its threads


def share_this_thread():
    """Whether this thread is shared by greenlets that may wait for each other."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not (monkey.is_module_patched("select") or patched_threads(monkey)):
        return False
    import gevent

    return identity() not in _ours and gevent.get_hub().main_hub


def patched_threads(monkey):
    return monkey.is_module_patched("threading")


def identity():
    """The native thread's, where threading's own is a greenlet's."""
    from gevent.monkey import get_original

    return get_original("_thread", "get_ident")()


def run_apart(function, *args, **options):
    """
    Call a function in a native thread; other greenlets go on meanwhile.

    threads: how many there are at most, 10; calls beyond that wait for their turn.
    """
    threads = options.pop("threads", 10)
    pool = _pools.get((os.getpid(), threads))
    if pool is None:
        from gevent.threadpool import ThreadPool

        # Those of the parent, before a fork, have no threads here.
        pool = _pools[os.getpid(), threads] = ThreadPool(threads)
    # Caught there, since gevent would print what is raised in its threads.
    result, error = pool.apply(_call, (function, args))
    if error is not None:
        raise error
    return result


def _call(function, args):
    _ours.add(identity())
    try:
        return function(*args), None
    except BaseException as error:
        return None, error
