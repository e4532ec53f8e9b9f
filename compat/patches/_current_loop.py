"""`asyncio.get_event_loop()` as it was before it warned."""

import asyncio
import threading

from ..patching.stand_in import StandIn


def get_event_loop():
    """The running loop, else the thread's, made in the main thread; RuntimeError in others."""
    running = asyncio._get_running_loop()
    if running is not None:
        return running
    policy = asyncio.get_event_loop_policy()
    here = getattr(policy, "_local", None)
    missing = getattr(here, "_loop", here) is None and not getattr(here, "_set_called", False)
    if missing and threading.current_thread() is threading.main_thread():
        policy.set_event_loop(policy.new_event_loop())
    return policy.get_event_loop()


def use_in(patch, module):
    """Let a module that asks `asyncio.get_event_loop()` ask here."""
    patch.replace(module, "asyncio", StandIn(module.asyncio, get_event_loop=get_event_loop))
