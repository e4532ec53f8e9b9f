"""Messages to everybody who has a deploy socket open, from any process."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from channels.layers import get_channel_layer

from compat.streams import bell, private_loop

GROUP_PREFIX = "chat_"
SEND_SECONDS = 5.0

_helper = (None, None)


def group_name(uid):
    """Return the name of the group of a service's sockets."""
    return GROUP_PREFIX + uid


def send_channel_msg(channel_name, msg):
    """Send {"message": msg} to the sockets of a service, given its uid or its group's name.

    Works with and without a running event loop. Raises ValueError for what cannot be a group's
    name, TypeError for a message that is not a string, and what the channel layer raises.
    """
    if not isinstance(msg, str):
        raise TypeError(f"a message is a string, not {type(msg).__name__}")
    group = channel_name if channel_name.startswith(GROUP_PREFIX) else group_name(channel_name)
    # A layer apart from the consumers' one: its connections live on loops of their own.
    layer = bell.network_layer() or get_channel_layer()
    try:
        layer.valid_group_name(group)
    except TypeError as error:
        raise ValueError(str(error)) from None

    def send():
        return layer.group_send(group, {"type": "deploy.run", "text": msg})

    if asyncio._get_running_loop() is None:
        _send_patiently(send)
    else:
        _helper_thread().submit(_send_patiently, send).result()


def _send_patiently(send):
    try:
        private_loop.run(send, SEND_SECONDS)
    except private_loop.TookTooLong:
        raise
    except Exception:
        # A connection that went stale while nobody used it shows at its next use.
        private_loop.run(send, SEND_SECONDS)


def _helper_thread():
    global _helper
    pid, pool = _helper
    if pid != os.getpid():
        pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="deploy-messages")
        _helper = (os.getpid(), pool)
    return pool
