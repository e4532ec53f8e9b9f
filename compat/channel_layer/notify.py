"""
Notifications: notify() sends one from anywhere, to this process and to every Subscriber elsewhere.

One may be lost, or come twice: whoever gets them has another way to find out, only later. That is
why Redis need be asked but once. The layer's own group_send() asks it three times, and makes each
process a message of its own. STREAMS_NOTIFICATIONS says how they travel: by the channel layer, by
PostgreSQL, or not at all.
"""

import logging
import time
from typing import Any, Callable, Dict, Sequence, Set

from .._throttle import Throttle
from . import layers
from ._settings import LAYER, NOTIFICATIONS, POSTGRESQL

logger = logging.getLogger(__name__)

SEND_SECONDS = 2.0
# After one that timed out none is sent for this long: whoever sends many must not crawl.
REST_SECONDS = 5.0

# KEYS: a group. ARGV: who joined before that time has gone; prefix of lists, their limit, their
# seconds; the message.
_SCRIPT = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, ARGV[1])
for _, channel in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    local list = ARGV[2] .. string.match(channel, '^[^!]*!?')
    if redis.call('LLEN', list) < tonumber(ARGV[3]) then
        redis.call('LPUSH', list, ARGV[5])
        redis.call('EXPIRE', list, ARGV[4])
    end
end
"""

Message = Dict[str, Any]
Listener = Callable[[Message], Any]

_listeners: Dict[str, Set[Listener]] = {}
_throttles: Dict[str, Throttle] = {}
_rest_until = 0.0


def notify(
    group: str,
    message: Message,
    complaint: str,
    urgent: bool = False,
    spare: Sequence[str] = (),
) -> None:
    """
    Tell the listeners of this process, and every Subscriber of `group`; never raises.

    `message` is a dict with a "type". `complaint` says in the log what failed. Works with and
    without a running event loop. `urgent`: also right after another one has timed out. `spare`:
    keys of the message that are left out where it would be too long to be carried.
    """
    tell_here(message, complaint)
    tell_elsewhere(group, message, complaint, urgent, spare)


def tell_here(message: Message, complaint: str) -> None:
    """The part of notify() that tells the listeners of this process."""
    try:
        for listener in tuple(_listeners.get(message["type"], ())):
            listener(message)
    except Exception as error:
        _complain(complaint, error)


def tell_elsewhere(
    group: str,
    message: Message,
    complaint: str,
    urgent: bool = False,
    spare: Sequence[str] = (),
) -> None:
    """The part of notify() that tells other processes."""
    global _rest_until
    try:
        way = NOTIFICATIONS()
        if way == POSTGRESQL:
            from . import postgresql

            postgresql.send(group, message, spare, lambda error: _complain(complaint, error))
        elif way == LAYER and (urgent or time.monotonic() >= _rest_until):
            _to_layer(group, message)
    except Exception as error:
        if isinstance(error, layers.TookTooLong):
            _rest_until = time.monotonic() + REST_SECONDS
        _complain(complaint, error)


def has_a_sender_for_any_thread() -> bool:
    """Whether it makes no difference which thread tells the others, and when."""
    if NOTIFICATIONS() != LAYER:
        return False
    try:
        return hasattr(layers.network_layer(members_renew=True), "notify_now")
    except Exception:  # it is told when something is sent
        return False


def _complain(complaint: str, error: Exception) -> None:
    throttle = _throttles.setdefault(complaint, Throttle())
    throttle.log(logger.warning, "%s: %s: %s", complaint, type(error).__name__, error)


def _to_layer(group: str, message: Message) -> None:
    layer = layers.network_layer(members_renew=True)
    if layer is None:
        return
    if hasattr(layer, "notify_now"):
        layers.send_now(layer.notify_now, group, message, SEND_SECONDS)
    else:
        layers.call(lambda: send(layer, group, message), SEND_SECONDS)


def listen(kind: str, listener: Listener) -> None:
    """Call `listener(message)` for every notification of that type sent here, from any thread."""
    _listeners.setdefault(kind, set()).add(listener)


def unlisten(kind: str, listener: Listener) -> None:
    """Undo listen()."""
    _listeners.get(kind, set()).discard(listener)


async def send(layer: Any, group: str, message: Message) -> None:
    """Send `message` to every Subscriber of `group`; raises what the layer raises."""
    if not layers.is_redis(layer) or layer.ring_size > 1:
        await layer.group_send(group, message)
        return
    from aioredis.errors import ReplyError

    from .._redis_outage import is_outage

    args = [
        int(time.time()) - layer.group_expiry,
        layer.prefix,
        layer.get_capacity("specific."),  # as every Subscriber's channel begins
        layer.expiry,
        layer.serialize(message),
    ]
    try:
        async with layer.connection(0) as connection:
            await connection.eval(_SCRIPT, keys=[layer._group_key(group)], args=args)
    except ReplyError as error:
        if is_outage(error):
            raise
        # A server that wants to be told of all keys beforehand, or allows no scripts.
        await layer.group_send(group, message)
