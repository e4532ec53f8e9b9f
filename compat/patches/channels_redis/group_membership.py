"""
Keep the living WebSockets of a process in their groups.

A group forgets a member `group_expiry` seconds (a day) after it was added, and everybody when
Redis loses its data. Each process leaves a key in Redis that lives half as long; whenever it is
missing, or from another server (whose replica may have missed the last members), the process adds
its running consumers again. It looks every few seconds, and removes the consumers that ended by
an exception, for which channels does not do it.
https://github.com/django/channels/issues/1371
"""

import asyncio
import collections
import functools
import logging
import os
import time
import uuid

from ..._asyncio import current_task
from ..._throttle import Throttle
from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.3.0,<3.0",
    symptom="a WebSocket gets no messages of its groups after a day, or a restart of Redis",
)

LOOK_SECONDS = 5.0
SOON_SECONDS = 0.2
CHECK_SECONDS = 30.0
PAIRS_AT_ONCE = 500
CHANNELS_OF_A_TASK = 20
ENDED_CHANNELS = 10000

# KEYS: groups; ARGV: time, expiry, then a channel for each group.
ADD = """
for i = 1, #KEYS do
    redis.call('ZADD', KEYS[i], ARGV[1], ARGV[i + 2])
    redis.call('EXPIRE', KEYS[i], ARGV[2])
end
"""
REMOVE = "for i = 1, #KEYS do redis.call('ZREM', KEYS[i], ARGV[i]) end"

logger = logging.getLogger(__name__)
throttle = Throttle()


@patch.when_imported("channels_redis.core")
def repair(core):
    from ..._redis_outage import is_outage

    layer = core.RedisChannelLayer
    stock_add, stock_discard, stock_flush = layer.group_add, layer.group_discard, layer.flush
    stock_pop, stock_new = layer._brpop_with_clean, layer.new_channel
    stock_receive = layer.receive

    @functools.wraps(stock_new)
    async def new_channel(self, *args, **kwargs):
        channel = await stock_new(self, *args, **kwargs)
        members(self).own(channel, current_task())
        return channel

    @functools.wraps(stock_receive)
    async def receive(self, channel):
        members(self).hear(channel)
        return await stock_receive(self, channel)

    @functools.wraps(stock_add)
    async def group_add(self, group, channel):
        await stock_add(self, group, channel)
        members(self).add(group, channel)

    @functools.wraps(stock_discard)
    async def group_discard(self, group, channel):
        members(self).discard(group, channel)
        await stock_discard(self, group, channel)

    @functools.wraps(stock_flush)
    async def flush(self):
        known = members(self)
        known.groups.clear()
        known.leaving.clear()
        await stock_flush(self)

    @functools.wraps(stock_pop)
    async def _brpop_with_clean(self, index, channel, timeout):
        try:
            return await stock_pop(self, index, channel, timeout=timeout)
        except Exception as error:
            if is_outage(error):
                members(self).look_soon()
            raise

    patch.replace(layer, "new_channel", new_channel)
    patch.replace(layer, "receive", receive)
    patch.replace(layer, "group_add", group_add)
    patch.replace(layer, "group_discard", group_discard)
    patch.replace(layer, "flush", flush)
    patch.replace(layer, "_brpop_with_clean", _brpop_with_clean)


def members(layer):
    """The Members of a layer in this process."""
    known = vars(layer).get("_members")
    if known is None or known.pid != os.getpid():
        known = layer._members = Members(layer)
    return known


class Members(object):
    """
    Which channels of this process are in which groups.

    A channel lives as long as the task that made it, which for a consumer is the one that runs
    it; without it, it is not added again. One that was also received on while that task ran is
    a consumer's, and nobody's afterwards.
    """

    def __init__(self, layer):
        self.layer = layer
        self.pid = os.getpid()
        self.owners = {}  # channel → (task, its event loop)
        self.channels = {}  # task → its channels
        self.groups = {}  # channel → names of its groups
        self.heard = set()  # channels with an owner that somebody received on
        self.ended = collections.OrderedDict()  # the last channels that nobody reads any more
        self.leaving = set()  # (group, channel) to be removed: the consumer has ended
        self.mark = "%s$members.%s" % (layer.prefix, uuid.uuid4().hex)
        self.loop = self.timer = None
        self.checking = False

    def own(self, channel, task):
        """The task made the channel; None for code outside of tasks."""
        if task is None:
            return
        channels = self.channels.get(task)
        if channels is None:
            channels = self.channels[task] = set()
            task.add_done_callback(self.forget)
        if len(channels) >= CHANNELS_OF_A_TASK:  # for replies, perhaps; they join no groups
            for idle in [name for name in channels if name not in self.groups]:
                channels.discard(idle)
                self.heard.discard(idle)
                del self.owners[idle]
        channels.add(channel)
        self.owners[channel] = task, asyncio.get_event_loop()

    def forget(self, task):
        """The task has ended."""
        for channel in self.channels.pop(task, ()):
            self.owners.pop(channel, None)
            groups = self.groups.pop(channel, ())
            if channel in self.heard:
                self.heard.discard(channel)
                self.ended[channel] = None
                self.leaving.update((group, channel) for group in groups)
                self.layer.receive_buffer.pop(channel, None)
        while len(self.ended) > ENDED_CHANNELS:
            self.ended.popitem(last=False)

    def hear(self, channel):
        """Somebody receives on the channel."""
        if channel in self.owners:
            self.heard.add(channel)

    def add(self, group, channel):
        _, loop = self.owners.get(channel, (None, None))
        if loop is not None:
            self.groups.setdefault(channel, set()).add(group)
            if self.loop is None or self.loop.is_closed():
                self.loop, self.timer, self.checking = loop, None, False
                loop.call_soon_threadsafe(self.look_in, self.interval)

    def discard(self, group, channel):
        groups = self.groups.get(channel, set())
        groups.discard(group)
        if not groups:
            self.groups.pop(channel, None)

    @property
    def interval(self):
        return min(LOOK_SECONDS, self.layer.group_expiry / 8.0)

    def look_soon(self):
        """Redis may have lost its data; to be called in any event loop."""
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.look_in, min(SOON_SECONDS, self.interval))

    def look_in(self, seconds):
        if self.loop is None or self.checking:
            return
        at = self.loop.time() + seconds
        if self.timer is not None and self.timer[0] <= at:
            return
        if self.timer is not None:
            self.timer[1].cancel()
        self.timer = at, self.loop.call_at(at, self.look)

    def look(self):
        self.timer = None
        if not self.groups and not self.leaving:
            self.loop = None  # the next member starts again
            return
        self.checking = True
        self.loop.create_task(self.check())

    async def check(self):
        pause = self.interval
        try:
            for index in range(self.layer.ring_size):
                await asyncio.wait_for(self.check_host(index), CHECK_SECONDS)
        except asyncio.CancelledError:  # an Exception before Python 3.8
            raise
        except Exception as error:
            pause = min(pause, 2 * SOON_SECONDS)
            throttle.log(
                logger.warning,
                "group members will be renewed later: %s: %s",
                type(error).__name__,
                error,
            )
        finally:
            self.checking = False
            self.look_in(pause)

    async def check_host(self, index):
        layer = self.layer
        async with layer.connection(index) as connection:
            await self.leave(connection, index)
            server = repr(connection.address).encode("utf8")
            if await connection.get(self.mark, encoding=None) == server:
                return
            pairs = self.living(index)
            for start in range(0, len(pairs), PAIRS_AT_ONCE):
                some = [pair for pair in pairs[start : start + PAIRS_AT_ONCE] if self.has(*pair)]
                keys = [layer._group_key(group) for group, _ in some]
                channels = [channel for _, channel in some]
                now = [time.time(), layer.group_expiry]
                await connection.eval(ADD, keys=keys, args=now + channels)
                # Who left meanwhile may have been added after it was removed.
                gone = [pair for pair in some if not self.has(*pair)]
                if gone:
                    await self.remove(connection, gone)
            await connection.set(self.mark, server, pexpire=int(layer.group_expiry * 500))

    async def leave(self, connection, index):
        """Remove the consumers that ended without leaving their groups on that host."""
        hash_of = self.layer.consistent_hash
        pairs = [pair for pair in list(self.leaving) if hash_of(pair[0]) == index]
        for start in range(0, len(pairs), PAIRS_AT_ONCE):
            some = pairs[start : start + PAIRS_AT_ONCE]
            await self.remove(connection, some)
            self.leaving.difference_update(some)

    async def remove(self, connection, pairs):
        keys = [self.layer._group_key(group) for group, _ in pairs]
        await connection.eval(REMOVE, keys=keys, args=[channel for _, channel in pairs])

    def has(self, group, channel):
        return group in self.groups.get(channel, ())

    def living(self, index):
        """(group, channel) of every member whose group is on that host."""
        return [
            (group, channel)
            for channel, groups in list(self.groups.items())
            for group in list(groups)
            if self.layer.consistent_hash(group) == index
        ]
