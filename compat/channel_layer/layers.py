"""
The channel layer, for code that is no consumer: send to a group from anywhere, at once.

The sender needs neither a running event loop nor a background thread: every thread keeps a
private loop across calls, so that its connection to the channel layer is used again. Only a
thread that is running a loop itself lends the work to one helper thread. Greenlets of gevent, all
of one thread, share a native thread.
"""

import asyncio
import os
import socket
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Coroutine, Dict, Optional, Tuple

from .. import _greenlets
from . import private_loop
from .private_loop import TookTooLong

__all__ = ["TookTooLong", "call", "group_send", "is_redis", "network_layer", "own_layer"]

ALIAS = "default"
# Membership of a process that died is forgotten after this; the living renew theirs.
MEMBER_SECONDS = 900

# Each thread has a layer of its own: the connection pools of channels_redis are not thread-safe.
_local = threading.local()
# What all greenlets use in the one native thread that sends for them.
_shared: Dict[str, Any] = {}
_helper: Tuple[Optional[int], Any] = (None, None)


def group_send(layer: Any, group: str, message: Dict[str, Any], seconds: float) -> None:
    """
    Send `message` (a dict with a "type") to every channel in `group`; with or without a loop.

    Raises as call() does.
    """
    without_loop = getattr(layer, "group_send_now", None)
    if without_loop is None:
        call(lambda: layer.group_send(group, message), seconds)
    else:
        send_now(without_loop, group, message, seconds)


def send_now(send: Any, group: str, message: Dict[str, Any], seconds: float) -> None:
    """Call a method that sends and blocks; with or without a loop. Raises as call() does."""
    if asyncio._get_running_loop() is None:
        _send_now(send, group, message, seconds)
    else:
        _helper_thread().submit(_send_now, send, group, message, seconds).result()


def _send_now(send: Any, group: str, message: Dict[str, Any], seconds: float) -> None:
    try:
        send(group, message, seconds)
    except socket.timeout:
        raise TookTooLong(f"no answer within {seconds:g} s") from None


def call(start: Callable[[], Coroutine[Any, Any, Any]], seconds: float) -> None:
    """
    Run the coroutine made by `start()`, a call of the layer; with or without a loop.

    Raises TookTooLong after `seconds`, and what the layer raises. A connection that went stale
    since the last call gets a second chance.
    """
    if _greenlets.share_this_thread():
        _greenlets.run_apart(_call, start, seconds, threads=1)
    elif asyncio._get_running_loop() is None:
        _call(start, seconds)
    else:
        _helper_thread().submit(_call, start, seconds).result()


def network_layer(members_renew: bool = False) -> Any:
    """
    The channel layer of this thread that reaches other processes, or None.

    For Redis an instance of our own with the site's configuration: its queue is not shared with
    the consumers of the process, so neither their messages nor their cancellations touch ours.
    members_renew: for groups whose members are all own_layer()s. Sending removes members that
    are too old, and a site's consumers, which need not renew, are not old for a day.
    """
    shared = _shared_layer()
    if shared is None or hasattr(shared, "notify_now") or not is_redis(shared):
        # Of the pub/sub layer, the connections for callers without a loop are everybody's.
        return shared
    own = _shared if _greenlets.share_this_thread() else vars(_local)
    kept = own.setdefault("layers", {})
    pid, source, layer = kept.get(members_renew, (None, None, None))
    if pid != os.getpid() or source is not shared:
        layer = own_layer()
        if not members_renew:
            layer.group_expiry = shared.group_expiry
        kept[members_renew] = (os.getpid(), shared, layer)
    return layer


def own_layer() -> Any:
    """A new instance of the layer for one user, where the layer allows that, or None."""
    shared = _shared_layer()
    if shared is None or not is_redis(shared):
        return shared
    if hasattr(shared, "with_lists"):
        # Notifications go through lists also where a site has pubsub's layer: processes of before,
        # or with another one, take part.
        layer = shared.with_lists()
    else:
        layer = _made_again()
        if type(layer) is not type(shared):
            return shared
    layer.group_expiry = min(layer.group_expiry, MEMBER_SECONDS)
    # Forked processes may share their random state; their queues must differ nevertheless.
    layer.client_prefix = uuid.uuid4().hex
    return layer


def _made_again() -> Any:
    from channels.layers import channel_layers

    return channel_layers.make_backend(ALIAS)


def is_redis(layer: Any) -> bool:
    """Whether the layer is channels_redis's, whose lists can be read directly."""
    try:
        from channels_redis import __version__
        from channels_redis.core import RedisChannelLayer
    except ImportError:
        return False
    # From 3 on its messages are in sorted sets, and from 4 on it has another client.
    return __version__[:2] in ("1.", "2.") and isinstance(layer, RedisChannelLayer)


def _shared_layer() -> Any:
    from channels.layers import InMemoryChannelLayer, get_channel_layer

    shared = get_channel_layer(ALIAS)
    return None if isinstance(shared, InMemoryChannelLayer) else shared


def _call(start: Callable[[], Coroutine[Any, Any, Any]], seconds: float) -> None:
    try:
        private_loop.run(start, seconds)
    except (OSError, EOFError) + _redis_errors():
        private_loop.run(start, seconds)


def _redis_errors() -> Tuple[Any, ...]:
    try:
        from aioredis.errors import RedisError
    except ImportError:
        return ()
    return (RedisError,)


def _helper_thread() -> ThreadPoolExecutor:
    global _helper
    pid, pool = _helper
    if pid != os.getpid():
        pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="group-send")
        _helper = (os.getpid(), pool)
    return pool
