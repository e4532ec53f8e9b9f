"""
The bell: tells followers that a stream has new entries. It may fail; the log does not.

The sender needs neither a running event loop nor a background thread: every thread keeps a
private loop across calls, so that its connection to the channel layer is used again. Only a
thread that is running a loop itself lends the work to one helper thread.
"""

import asyncio
import logging
import os
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from . import private_loop
from .names import group_name
from .throttle import Throttle

logger = logging.getLogger(__name__)

ALIAS = "default"
# Bodies travel with the bell up to this many characters; readers fetch longer ones from the log.
INLINE_CHARACTERS = 32 * 1024
SEND_SECONDS = 2.0
# After a send that timed out nothing is sent for this long: publishing must not crawl.
REST_SECONDS = 5.0
# Membership of a process that died is forgotten after this; the living renew theirs.
MEMBER_SECONDS = 900

_throttle = Throttle()
_listeners = set()
# Each thread has a layer of its own: the connection pools of channels_redis are not thread-safe.
_local = threading.local()
_rest_until = 0.0
_helper = (None, None)


def ring(name, first, texts):
    """Announce the committed entries `texts` (JSON) from sequence `first` on; never raises."""
    message = {
        "type": "streams.bell",
        "stream": name,
        "first": first,
        "last": first + len(texts) - 1,
    }
    if sum(map(len, texts)) <= INLINE_CHARACTERS:
        message["bodies"] = list(texts)
    for listener in tuple(_listeners):
        listener(message)
    try:
        layer = network_layer()
        if layer is not None and time.monotonic() >= _rest_until:
            _send(layer, group_name(name), message)
    except Exception as error:
        _throttle.log(
            logger.warning,
            "stream entries are stored but could not be announced: %s: %s",
            type(error).__name__,
            error,
        )


def network_layer():
    """
    The channel layer of this thread that reaches other processes, or None.

    For Redis an instance of our own with the site's configuration: its queue is not shared with
    the consumers of the process, so neither their messages nor their cancellations touch ours.
    """
    shared = _shared_layer()
    if shared is None or not is_redis(shared):
        return shared
    pid, source, layer = getattr(_local, "layer", (None, None, None))
    if pid != os.getpid() or source is not shared:
        layer = own_layer()
        _local.layer = (os.getpid(), shared, layer)
    return layer


def own_layer():
    """A new instance of the layer for one user, where the layer allows that, or None."""
    shared = _shared_layer()
    if shared is None or not is_redis(shared):
        return shared
    from channels.layers import channel_layers

    layer = channel_layers.make_backend(ALIAS)
    if type(layer) is not type(shared):
        return shared
    layer.group_expiry = min(layer.group_expiry, MEMBER_SECONDS)
    # Forked processes may share their random state; their queues must differ nevertheless.
    layer.client_prefix = uuid.uuid4().hex
    return layer


def _shared_layer():
    from channels.layers import InMemoryChannelLayer, get_channel_layer

    shared = get_channel_layer(ALIAS)
    return None if isinstance(shared, InMemoryChannelLayer) else shared


def is_redis(layer):
    """Whether the layer is channels_redis's, whose lists the ear can read directly."""
    try:
        from channels_redis.core import RedisChannelLayer
    except ImportError:
        return False
    return isinstance(layer, RedisChannelLayer)


def _send(layer, group, message):
    if asyncio._get_running_loop() is None:
        _send_here(layer, group, message)
    else:
        _helper_thread().submit(_send_here, layer, group, message).result()


def _send_here(layer, group, message):
    """Send from this thread; a connection that went stale meanwhile gets a second chance."""
    global _rest_until
    try:
        try:
            private_loop.run(lambda: layer.group_send(group, message), SEND_SECONDS)
        except (OSError, EOFError) + _redis_errors():
            private_loop.run(lambda: layer.group_send(group, message), SEND_SECONDS)
    except private_loop.TookTooLong:
        _rest_until = time.monotonic() + REST_SECONDS
        raise


def _redis_errors():
    try:
        from aioredis.errors import RedisError
    except ImportError:
        return ()
    return (RedisError,)


def _helper_thread():
    global _helper
    pid, pool = _helper
    if pid != os.getpid():
        pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="streams-bell")
        _helper = (os.getpid(), pool)
    return pool


def listen(listener):
    """Call `listener(message)` for every bell rung in this process, from any thread."""
    _listeners.add(listener)


def unlisten(listener):
    """Undo listen()."""
    _listeners.discard(listener)
