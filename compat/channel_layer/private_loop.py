"""
An event loop of its own for every thread that sends, kept open between calls.

It never runs in the background. After a fork the child must not touch the parent's loops: both
would share one epoll set, and closing a connection in the child would deafen the parent.
"""

import asyncio
import atexit
import logging
import os
import selectors
import threading
from typing import Any, Callable, Coroutine, Dict, List, Tuple

from .._asyncio import all_tasks

logger = logging.getLogger(__name__)

# Every loop alive, so that none is finalised behind our back: {id: (pid, loop)}.
_loops: Dict[int, Tuple[int, Any]] = {}
# Loops of threads that ended, which could not be closed there and then.
_abandoned: List[Any] = []
_local = threading.local()


class TookTooLong(Exception):
    """The coroutine did not finish in time and was cancelled."""


class _Holder:
    """Closes the thread's loop when the thread ends."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        _loops[id(self.loop)] = (self.pid, self.loop)

    def __del__(self) -> None:
        try:
            if self.pid == os.getpid() and _loops.pop(id(self.loop), None) is not None:
                # Collected wherever the collector happens to run, maybe inside another loop.
                _abandoned.append(self.loop)
                _close_abandoned()
        except (AttributeError, TypeError):
            # A thread that outlives the interpreter: os, _loops and the rest are None by now.
            pass


def run(start: Callable[[], Coroutine[Any, Any, Any]], seconds: float) -> Any:
    """Run the coroutine made by `start()` on this thread's loop; raises TookTooLong."""
    holder = getattr(_local, "holder", None)
    if holder is None or holder.pid != os.getpid() or holder.loop.is_closed():
        _drop_inherited()
        holder = _local.holder = _Holder()
    _close_abandoned()
    loop = holder.loop
    task = loop.create_task(start())
    timer = loop.call_later(seconds, task.cancel)
    try:
        return loop.run_until_complete(task)
    except asyncio.CancelledError:
        raise TookTooLong(f"no answer within {seconds:g} s") from None
    except Exception:
        raise
    except BaseException:
        # Interrupted half-way (Ctrl-C): this loop is in no state to be used again.
        _loops.pop(id(loop), None)
        _local.holder = None
        _close(loop)
        raise
    finally:
        timer.cancel()


def _close_abandoned() -> None:
    if asyncio._get_running_loop() is None:
        while _abandoned:
            _close(_abandoned.pop())


def _close(loop: Any) -> None:
    """Close the loop and what lives on it; the pools of the channel layer hook into close()."""
    if loop.is_closed() or loop.is_running() or asyncio._get_running_loop() is not None:
        return
    try:
        pending = all_tasks(loop)
        for task in pending:
            task.cancel()
        if pending:
            loop.run_until_complete(asyncio.wait(pending, timeout=1))
        loop.close()
    except Exception as error:
        # At the end of a process half of the modules may be gone; the sockets close anyway.
        logger.debug("event loop not closed: %s: %s", type(error).__name__, error)


def _drop_inherited() -> None:
    """In a forked child: give up the parent's loops without a word to the parent's epoll set."""
    for key, (pid, loop) in list(_loops.items()):
        if pid != os.getpid():
            shared, loop._selector = loop._selector, selectors.DefaultSelector()
            shared.close()
            del _loops[key]
            _close(loop)


def _at_exit() -> None:
    _drop_inherited()
    _close_abandoned()
    for _, loop in list(_loops.values()):
        _close(loop)
    _loops.clear()
    _local.__dict__.clear()


atexit.register(_at_exit)
