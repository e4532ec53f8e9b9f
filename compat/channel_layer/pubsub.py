"""
A channel layer over Redis' publish and subscribe: one line in the settings of a site::

    CHANNEL_LAYERS = {"default": {
        "BACKEND": "compat.channel_layer.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [...]},
    }}

CONFIG is that of channels_redis' RedisChannelLayer. Each process has one subscribed connection to
each Redis and hands a group's message to its members itself; channels_redis stores a copy for each
process, fetches it, and drops what exceeds 100 messages a process. Channels without a "!", as of
workers, and those that are made inside of async_to_sync(), are channels_redis' own.

Processes with either layer reach each other (plans.py says how), so one may replace the other in a
rolling reload. Messages are lost while a process has no connection to Redis; that, and whatever
does not fit into a queue, is logged and counted.
"""

import asyncio
import os
import uuid
from typing import Any, Dict, Iterable, List, Optional, Tuple

from aioredis.util import parse_url
from channels.exceptions import ChannelFull
from channels_redis.core import RedisChannelLayer, _wrap_close

from .. import _call_loops
from . import plans
from .blocking import Blocking
from .fan_out import FanOut
from .layers import MEMBER_SECONDS
from .mailbox import Mailbox

# Of channels_redis: for a list in Redis, where a whole process' messages wait.
LIST_CAPACITY = 100
# For one channel, whose messages wait in its process.
LOCAL_CAPACITY = 10000
QUEUE_BYTES = 4 * 1024**2
NOTHING: Any = object()

Messages = Iterable[Tuple[str, Dict[str, Any]]]


class RedisPubSubChannelLayer(RedisChannelLayer):
    """
    channels_redis' layer, whose groups are published.

    capacity: as there, and for each channel here. Without it 100, and 10,000 for each channel.
    queue_bytes: most bytes of messages that wait for one channel.
    lost_type: send {"type": lost_type, "lost": number or None} to a consumer that misses messages;
    without it that is logged and counted only, since ordinary consumers have no handler for it.
    """

    def __init__(
        self,
        hosts: Any = None,
        prefix: str = "asgi:",
        expiry: int = 60,
        group_expiry: int = 86400,
        capacity: Optional[int] = None,
        channel_capacity: Optional[Dict[Any, int]] = None,
        symmetric_encryption_keys: Any = None,
        queue_bytes: int = QUEUE_BYTES,
        lost_type: Optional[str] = None,
    ) -> None:
        self._config = {
            "hosts": hosts,
            "prefix": prefix,
            "expiry": expiry,
            "group_expiry": group_expiry,
            "capacity": LIST_CAPACITY if capacity is None else capacity,
            "channel_capacity": channel_capacity,
            "symmetric_encryption_keys": symmetric_encryption_keys,
        }
        super().__init__(**self._config)
        self._local_capacity = LOCAL_CAPACITY if capacity is None else capacity
        self.queue_bytes, self.lost_type = queue_bytes, lost_type
        self.databases = [database(host) for host in self.hosts]
        self._fan_outs: Dict[Any, FanOut] = {}
        self.pools: Any
        self._pid = os.getpid()
        self._blocking = Blocking(self)

    def with_lists(self) -> RedisChannelLayer:
        """A new layer of channels_redis with the same configuration."""
        return RedisChannelLayer(**self._config)

    def local_capacity(self, channel: str) -> int:
        """How many messages may wait for a channel of this process."""
        for pattern, capacity in self.channel_capacity:
            if pattern.match(channel):
                return int(capacity)
        return self._local_capacity

    # The layer's interface

    async def new_channel(self, prefix: str = "specific") -> str:
        """A name of a channel of this process."""
        fan_out = self._fan_out()
        return await super().new_channel(prefix) if fan_out is None else fan_out.new_channel(prefix)

    async def send(self, channel: str, message: Dict[str, Any]) -> None:
        """Send to one channel. ChannelFull is raised where it is known that there is no room."""
        self._check(message, channel=channel)
        if "!" not in channel:
            await super().send(channel, message)
            return
        fan_out = self._owner(channel)
        if fan_out is not None:
            mailbox = fan_out.mailboxes.get(channel)
            if mailbox is not None and mailbox.is_full():
                raise ChannelFull(channel)
        await self._follow(plans.send(self, channel, message))

    async def receive(self, channel: str) -> Dict[str, Any]:
        """The next message of a channel."""
        assert self.valid_channel_name(channel)
        fan_out = self._owner(channel)
        if fan_out is None:
            received: Dict[str, Any] = await super().receive(channel)
            return received
        if fan_out.loop is not asyncio.get_event_loop():
            raise RuntimeError("channel %s belongs to another event loop" % channel)
        return await fan_out.mailbox(channel).get()

    def _inbox(self, channel: str) -> Optional[Mailbox]:
        """What receive() reads from, if it can be read here: see compat._inboxes."""
        fan_out = self._owner(channel) if self.valid_channel_name(channel) else None
        if fan_out is None or fan_out.loop is not asyncio.get_event_loop():
            return None
        mailbox = fan_out.mailbox(channel)
        mailbox.heard = True
        return mailbox

    receive.inbox = _inbox  # type: ignore[attr-defined]

    async def group_add(self, group: str, channel: str) -> None:
        """Add a channel to a group: when this returns, it gets what is sent from then on."""
        self._check(group=group, channel=channel)
        fan_out = self._owner(channel)
        if fan_out is not None:
            await self._on_its_loop(fan_out, lambda: fan_out.join(group, channel))
        elif self._is_of_this_process(channel):
            await super().group_add(group, channel)
        else:
            await self._follow(plans.group_add_elsewhere(self, group, channel))

    async def group_discard(self, group: str, channel: str) -> None:
        """Remove a channel from a group, if it is in it."""
        self._check(group=group, channel=channel)
        fan_out = self._owner(channel)
        if fan_out is not None:
            await self._on_its_loop(fan_out, lambda: fan_out.leave(group, channel))
        elif self._is_of_this_process(channel):
            await super().group_discard(group, channel)
        else:
            await self._follow(plans.group_discard_elsewhere(self, group, channel))

    async def group_send(self, group: str, message: Dict[str, Any]) -> None:
        """Send to every channel of a group, in one round trip."""
        self._check(message, group=group)
        await self._follow(plans.group_send(self, group, message))

    async def group_send_many(self, messages: Messages) -> None:
        """Send pairs of a group and a message, in order, hundreds in a round trip."""
        await self._follow(plans.group_send_many(self, self._check_many(messages)))

    async def flush(self) -> None:
        """Forget all messages and groups, also those of other processes in Redis."""
        for fan_out in self._living():
            self._fan_outs.pop(fan_out.loop, None)
            await self._on_its_loop(fan_out, fan_out.stop)
        await super().flush()

    async def close_pools(self) -> None:
        """Close the connections of this event loop, and those that rest."""
        fan_out = self._fan_outs.pop(asyncio.get_event_loop(), None)
        if fan_out is not None:
            await fan_out.stop()
        self._blocking.close()
        await super().close_pools()

    close_connections = close_pools  # as later versions of channels_redis call it

    # Without an event loop; asgiref's async_to_sync() of the methods above comes here as well.

    def send_now(self, channel: str, message: Dict[str, Any], seconds: float = 10.0) -> None:
        """send(), blocking; OSError when Redis does not answer in time."""
        self._check(message, channel=channel)
        self._blocking.follow(plans.send(self, channel, message), seconds)

    def group_send_now(self, group: str, message: Dict[str, Any], seconds: float = 10.0) -> None:
        """group_send(), blocking; OSError when Redis does not answer in time."""
        self._check(message, group=group)
        self._blocking.follow(plans.group_send(self, group, message), seconds)

    def group_send_many_now(self, messages: Messages, seconds: float = 10.0) -> None:
        """group_send_many(), blocking; OSError when Redis does not answer in time."""
        self._blocking.follow(plans.group_send_many(self, self._check_many(messages)), seconds)

    def notify_now(self, group: str, message: Dict[str, Any], seconds: float = 10.0) -> None:
        """group_send_now() to Subscribers, who renew their memberships."""
        self._blocking.follow(plans.notify(self, group, message, MEMBER_SECONDS), seconds)

    send.without_loop = send_now  # type: ignore[attr-defined]
    group_send.without_loop = group_send_now  # type: ignore[attr-defined]
    group_send_many.without_loop = group_send_many_now  # type: ignore[attr-defined]

    # Inside

    def _check(self, message: Any = NOTHING, channel: Any = NOTHING, group: Any = NOTHING) -> None:
        """Raise AssertionError or TypeError, as channels_redis does."""
        if message is not NOTHING:
            assert isinstance(message, dict), "message is not a dict"
            assert "__asgi_channel__" not in message
        if group is not NOTHING:
            assert self.valid_group_name(group), "Group name not valid"
        if channel is not NOTHING:
            assert self.valid_channel_name(channel), "Channel name not valid"

    def _check_many(self, messages: Messages) -> List[Tuple[str, Dict[str, Any]]]:
        """All of them, before the first is sent."""
        found = [(group, message) for group, message in messages]
        for group, message in found:
            self._check(message, group=group)
        return found

    async def _follow(self, plan: plans.Plan) -> None:
        """Do what a plan asks for, on a connection of this event loop where that is worth it."""
        fan_out = self._fan_out()
        if fan_out is None:
            self._blocking.follow(plan, 10.0)
            return
        try:
            step = next(plan)
            while True:
                step = plan.send(await fan_out.ask(step))
        except StopIteration:
            pass

    def _fan_out(self) -> Optional[FanOut]:
        """The running loop's; None inside of async_to_sync(), whose loop ends with the call."""
        if _call_loops.is_temporary():
            return None
        loop = asyncio.get_event_loop()
        self._forget_others()
        found = self._fan_outs.get(loop)
        if found is None:
            found = self._fan_outs[loop] = FanOut(self, loop)
            _wrap_close(loop, found)
        return found

    def _living(self) -> Any:
        self._forget_others()
        return list(self._fan_outs.values())

    def _forget_others(self) -> None:
        """After a fork, all that was the parent's; and what was of loops that are closed."""
        if self._pid != os.getpid():
            # Not collected: closing its connections would reach into the parent's event loop.
            inherited.append((self._fan_outs, self.pools))
            self._fan_outs = {}
            self._pid = os.getpid()
            self.client_prefix = uuid.uuid4().hex
            self.pools = [type(pool)(pool.host) for pool in self.pools]
        elif any(loop.is_closed() for loop in self._fan_outs):
            for loop in [loop for loop in self._fan_outs if loop.is_closed()]:
                del self._fan_outs[loop]

    def _owner(self, channel: str) -> Optional[FanOut]:
        """The FanOut of the event loop that made the channel, or None."""
        if "!" not in channel:
            return None
        for fan_out in self._living():
            if fan_out.is_ours(channel):
                return fan_out
        return None

    def _is_of_this_process(self, channel: str) -> bool:
        """Whether it was made here, inside of async_to_sync()."""
        return "!" not in channel or ".%s!" % self.client_prefix in channel

    async def _on_its_loop(self, fan_out: FanOut, start: Any) -> None:
        """Await the coroutine that start() makes, on the loop of the FanOut."""
        if fan_out.loop is asyncio.get_event_loop():
            await start()
        elif fan_out.loop.is_running():

            async def run() -> None:
                await start()

            future = asyncio.run_coroutine_threadsafe(run(), fan_out.loop)
            await asyncio.wrap_future(future)
        else:
            raise RuntimeError("the event loop of the channel does not run")


# What a fork has left behind.
inherited: Any = []


def database(host: Dict[str, Any]) -> int:
    """The number of a host's database; publishing knows none, so that names have to tell it."""
    address = host.get("address")
    named = parse_url(address)[1].get("db") if isinstance(address, str) else None
    return int(named or host.get("db") or 0)
