"""
What the pub/sub layer asks of Redis, for callers with an event loop and without one.

A plan is a generator: it yields Asks and is sent the answers. Members of a group that are not
subscribed are in the sorted set that channels_redis keeps for it, and get their message through its
lists: processes with that layer, and channels that somebody else added. A subscribed process has
one member there, its mark, so that processes with channels_redis' layer send to its list.
"""

import collections
import hashlib
import logging
import time
from typing import Any, Dict, Generator, Iterable, List, Tuple

from channels.exceptions import ChannelFull

from .._throttle import Throttle

# No channel's name has a "$".
MARK = "!$group."

logger = logging.getLogger(__name__)
throttle = Throttle()


class Script:
    """A script in Lua, and the name by which Redis knows it once it has run."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324  as Redis has it


# It writes nothing: a Redis without room, or one that cannot save, still delivers.
# KEYS: groups' sorted sets. ARGV: since when members count, then a channel and a message for each
# that is published. Answers with the others of each group.
GROUP_SEND = Script("""
for i = 2, #ARGV, 2 do
    redis.call('PUBLISH', ARGV[i], ARGV[i + 1])
end
local found = {}
for i = 1, #KEYS do
    local others = {}
    for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[i], '(' .. ARGV[1], '+inf')) do
        if not string.find(name, '!$group.', 1, true) then
            others[#others + 1] = name
        end
    end
    found[i] = others
end
return found
""")
# KEYS: the list. ARGV: channel, message, capacity, seconds. -1: the list is full.
SEND = Script("""
if redis.call('PUBLISH', ARGV[1], ARGV[2]) > 0 then
    return 1
end
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[3]) then
    return -1
end
redis.call('LPUSH', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 0
""")
# KEYS: lists. ARGV: a message for each, then a capacity for each, then seconds. Which are full.
PUSH = Script("""
local full = {}
for i = 1, #KEYS do
    if redis.call('LLEN', KEYS[i]) < tonumber(ARGV[#KEYS + i]) then
        redis.call('LPUSH', KEYS[i], ARGV[i])
        redis.call('EXPIRE', KEYS[i], ARGV[#ARGV])
    else
        full[#full + 1] = KEYS[i]
    end
end
return full
""")
# KEYS: a key that lives as long as the marks, then sorted sets. ARGV: time of the marks, since when
# members count, seconds of the sets, seconds of the key, then a mark for each set.
MARK_GROUPS = Script("""
for i = 2, #KEYS do
    redis.call('ZREMRANGEBYSCORE', KEYS[i], 0, ARGV[2])
    redis.call('ZADD', KEYS[i], ARGV[1], ARGV[i + 3])
    redis.call('EXPIRE', KEYS[i], ARGV[3])
end
redis.call('SET', KEYS[1], '1', 'EX', ARGV[4])
""")
# KEYS: a sorted set. ARGV: members.
LEAVE = Script("redis.call('ZREM', KEYS[1], unpack(ARGV))")
# KEYS: a sorted set. ARGV: channel, message, time, member, seconds.
ADD_ELSEWHERE = Script("""
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('PUBLISH', ARGV[1], ARGV[2])
""")
# KEYS: a sorted set. ARGV: channel, message, member.
DISCARD_ELSEWHERE = Script("""
redis.call('ZREM', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[1], ARGV[2])
""")
# KEYS: a list.
DRAIN = Script("""
local items = redis.call('LRANGE', KEYS[1], 0, -1)
redis.call('DEL', KEYS[1])
return items
""")

# index: of the host.
Ask = collections.namedtuple("Ask", "index script keys args")
Plan = Generator[Ask, Any, None]
Sent = Tuple[str, Dict[str, Any], bytes]  # group, message, as it is sent
Full = Dict[str, List[bytes]]  # group → lists without room

# Of group_send_many(), in a round trip.
MESSAGES_AT_ONCE = 500
BYTES_AT_ONCE = 1024**2


def group_channel(layer: Any, group: str) -> str:
    """Where a group's messages are published; unlike keys, channels know no database."""
    return "%s@%d:group:%s" % (layer.prefix, layer.databases[layer.consistent_hash(group)], group)


def local_channel(layer: Any, local: str) -> str:
    """Where messages to the channels of one event loop are published."""
    return "%s@%d:local:%s" % (layer.prefix, layer.databases[layer.consistent_hash(local)], local)


def group_send(layer: Any, group: str, message: Dict[str, Any]) -> Plan:
    """To the subscribed, and then to the others, if there are any."""
    sent = [(group, message, layer.serialize(message))]
    full = yield from publish(layer, layer.consistent_hash(group), sent, layer.group_expiry)
    complain(full)


def notify(layer: Any, group: str, message: Dict[str, Any], seconds: float) -> Plan:
    """To Subscribers, who renew within so many seconds; what does not fit is found by polling."""
    sent = [(group, message, layer.serialize(message))]
    yield from publish(layer, layer.consistent_hash(group), sent, seconds)


def group_send_many(layer: Any, messages: Iterable[Tuple[str, Dict[str, Any]]]) -> Plan:
    """Each to its group, in order; many in a round trip."""
    waiting: Dict[int, List[Sent]] = {}
    sizes: Dict[int, int] = collections.defaultdict(int)
    full: Full = {}
    for group, message in messages:
        index, content = layer.consistent_hash(group), layer.serialize(message)
        waiting.setdefault(index, []).append((group, message, content))
        sizes[index] += len(content)
        if len(waiting[index]) >= MESSAGES_AT_ONCE or sizes[index] >= BYTES_AT_ONCE:
            sizes[index] = 0
            full.update((yield from publish(layer, index, waiting.pop(index), layer.group_expiry)))
    for index, sent in waiting.items():
        full.update((yield from publish(layer, index, sent, layer.group_expiry)))
    complain(full)


def publish(layer: Any, index: int, sent: List[Sent], seconds: float) -> Generator[Ask, Any, Full]:
    """By one host; members count for so many seconds. Returns the lists that had no room."""
    groups = list(dict.fromkeys(group for group, _, _ in sent))
    args: List[Any] = [int(time.time() - seconds)]
    for group, _, content in sent:
        args += (group_channel(layer, group), content)
    keys = [layer._group_key(group) for group in groups]
    full: Full = {}
    for group, others in zip(groups, (yield Ask(index, GROUP_SEND, keys, args))):
        if others:
            names = [found.decode("utf8") for found in others]
            for message in [message for of, message, _ in sent if of == group]:
                found = yield from push_to(layer, names, message)
                if found:
                    full[group] = found
    return full


def push_to(layer: Any, names: List[str], message: Dict[str, Any]) -> Generator[Ask, Any, Any]:
    """To members by their lists; returns those that are full."""
    full: List[bytes] = []
    by_host, messages, capacities = layer._map_channel_keys_to_connection(names, message)
    for index, keys in by_host.items():
        full += yield push(layer, index, keys, messages, capacities)
    return full


def complain(full: Full) -> None:
    """Say what was lost."""
    for group, keys in full.items():
        throttle.log(
            logger.warning,
            "message to group %s lost, channels are full: %s",
            group,
            ", ".join(sorted(key.decode("utf8") for key in keys[:5])),
        )


def push(
    layer: Any, index: int, keys: List[str], messages: Dict[str, bytes], capacities: Dict[str, int]
) -> Ask:
    """Append to lists of one host."""
    args = [messages[key] for key in keys] + [capacities[key] for key in keys]
    return Ask(index, PUSH, keys, args + [int(layer.expiry)])


def send(layer: Any, channel: str, message: Dict[str, Any]) -> Plan:
    """To one channel; ChannelFull when it is known that there is no room."""
    capacity = layer.get_capacity(channel)
    if "!" in channel:
        local = layer.non_local_name(channel)
        args = [local_channel(layer, local), addressed(layer, channel, message), capacity]
        index = layer.consistent_hash(local)
        key = layer.prefix + local
        if (yield Ask(index, SEND, [key], args + [int(layer.expiry)])) < 0:
            raise ChannelFull(channel)
    else:
        key, index = layer.prefix + channel, next(layer._send_index_generator)
        found = yield push(layer, index, [key], {key: layer.serialize(message)}, {key: capacity})
        if found:
            raise ChannelFull(channel)


def addressed(layer: Any, channel: str, message: Dict[str, Any]) -> bytes:
    """A message that says, as channels_redis' do, whom it is for."""
    return layer.serialize(dict(message, __asgi_channel__=channel))


def group_add_elsewhere(layer: Any, group: str, channel: str) -> Plan:
    """A channel of another process: it is a member at once, and its process is told."""
    args = [
        local_channel(layer, layer.non_local_name(channel)),
        addressed(layer, channel, {"__join__": group}),
        time.time(),
        channel,
        int(layer.group_expiry),
    ]
    yield Ask(layer.consistent_hash(group), ADD_ELSEWHERE, [layer._group_key(group)], args)


def group_discard_elsewhere(layer: Any, group: str, channel: str) -> Plan:
    """A channel of another process, which is told."""
    args = [
        local_channel(layer, layer.non_local_name(channel)),
        addressed(layer, channel, {"__leave__": group}),
        channel,
    ]
    yield Ask(layer.consistent_hash(group), DISCARD_ELSEWHERE, [layer._group_key(group)], args)
