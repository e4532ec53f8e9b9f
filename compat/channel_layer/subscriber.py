"""
Both ends of the bells: ring() sends one, an Ear hears them, with one channel for a whole process.

On Redis an Ear reads its list itself. The layer's receive() serves one caller at a time, keeps a
copy of every message in a second list, and stalls when a caller is cancelled; a bell may be
lost or come twice, so none of that is needed here. Its group_send() asks Redis three times, once
for the members, and makes each process a message of its own; ring() asks once.
"""

import asyncio
import logging
import random
import time

from .._asyncio import end_task
from .._throttle import Throttle
from . import layers, private_loop

logger = logging.getLogger(__name__)

WAIT_SECONDS = 5
CALL_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0

# KEYS: a group. ARGV: who joined before that time has gone; prefix of lists, their limit, their
# seconds; the message.
_RING = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, ARGV[1])
for _, channel in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    local list = ARGV[2] .. string.match(channel, '^[^!]*!?')
    if redis.call('LLEN', list) < tonumber(ARGV[3]) then
        redis.call('LPUSH', list, ARGV[5])
        redis.call('EXPIRE', list, ARGV[4])
    end
end
"""

_DRAIN = """
local items = redis.call('LRANGE', KEYS[1], 0, -1)
redis.call('DEL', KEYS[1])
return items
"""


async def ring(layer, group, message):
    """Send `message` to every Ear in `group`; raises what the layer raises."""
    if not layers.is_redis(layer) or layer.ring_size > 1:
        await layer.group_send(group, message)
        return
    from aioredis.errors import ReplyError

    args = [
        int(time.time()) - layer.group_expiry,
        layer.prefix,
        layer.get_capacity("specific."),  # as every Ear's channel begins
        layer.expiry,
        layer.serialize(message),
    ]
    try:
        async with layer.connection(0) as connection:
            await connection.eval(_RING, keys=[layer._group_key(group)], args=args)
    except ReplyError:
        # A server that wants to be told of all keys beforehand, or does nothing at the moment.
        await layer.group_send(group, message)


class Ear:
    """Joins the groups of followed streams and hands over each bell; survives a dead layer."""

    def __init__(self, layer, on_bell, on_return):
        self.layer = layer
        self.on_bell = on_bell
        # Called after an outage: bells were missed.
        self.on_return = on_return
        self.direct = layers.is_redis(layer)
        self.stopped = False
        # The last call failed: joining waits for the loop below, which joins everything.
        self.down = False
        self.groups = set()
        # Left while the layer was down: to be told when it is back.
        self.owed = set()
        self.channel = None
        self.lock = asyncio.Lock()
        self.throttle = Throttle()
        self.renew_at = 0.0
        self.task = asyncio.ensure_future(self._run())

    async def join(self, group):
        """Be told of the group; when the layer is down, as soon as it is back."""
        self.groups.add(group)
        await self._sync_quietly(group)

    async def leave(self, group):
        """Stop being told of the group."""
        self.groups.discard(group)
        await self._sync_quietly(group)

    async def renew(self, group):
        """Join again a group whose bells do not come."""
        await self._sync_quietly(group)

    async def renew_when_due(self):
        """Renew every membership well before it expires."""
        if asyncio.get_event_loop().time() < self.renew_at:
            return
        for group in tuple(self.groups | self.owed):
            async with self.lock:
                await self._sync(group)
        self.renew_at = asyncio.get_event_loop().time() + layers.MEMBER_SECONDS / 3

    async def renew_quietly(self):
        """renew_when_due() for those who have no use for the layer's errors."""
        try:
            await self.renew_when_due()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.down = True
            self._complain(error)

    async def stop(self):
        """End the task and close our connections."""
        self.stopped = True
        await end_task(self.task)
        if self.direct:
            for pool in self.layer.pools:
                await pool.close_loop(asyncio.get_event_loop())

    def leave_at_exit(self):
        """Leave all groups without our event loop, which is not running any more."""
        groups = self.groups | self.owed
        if self.direct and self.channel is not None and groups:
            layer = layers.own_layer()

            async def leave():
                for group in groups:
                    await layer.group_discard(group, self.channel)

            try:
                private_loop.run(leave, 1.0)
            except Exception as error:
                logger.debug("groups are left to expire: %s: %s", type(error).__name__, error)

    async def _sync_quietly(self, group):
        try:
            # One at a time, and no long queue for a layer that does not answer.
            async with self.lock:
                if not self.down:
                    await self._sync(group)
                elif group not in self.groups:
                    self.owed.add(group)
        except asyncio.CancelledError:  # an Exception before Python 3.8
            raise
        except Exception as error:
            # The loop below meets the same trouble and joins everything when it is over.
            self.down = True
            self.renew_at = 0.0
            self._complain(error)

    async def _sync(self, group):
        # By what is wanted now, with the lock held: a late "leave" cannot undo a newer "join".
        if self.channel is None:
            self.channel = await self.layer.new_channel()
        if group not in self.groups:
            self.owed.add(group)
        act = self.layer.group_add if group in self.groups else self.layer.group_discard
        await asyncio.wait_for(act(group, self.channel), CALL_SECONDS)
        self.owed.discard(group)

    async def _run(self):
        pause = FIRST_PAUSE
        while not self.stopped:
            try:
                if self.down:
                    self.renew_at = 0.0
                await self.renew_when_due()
                if self.down:
                    self.down, pause = False, FIRST_PAUSE
                    self.on_return()
                if self.direct:
                    await self._receive_directly()
                else:
                    self.on_bell(await self._receive())
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self.down = True
                self._complain(error)
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _receive(self):
        async with self.lock:
            if self.channel is None:
                self.channel = await self.layer.new_channel()
        return await self.layer.receive(self.channel)

    async def _receive_directly(self):
        """Wait for one bell, then take whatever else has arrived."""
        layer = self.layer
        if self.channel is None:
            self.channel = await layer.new_channel()
        local = layer.non_local_name(self.channel)
        key = layer.prefix + local
        async with layer.connection(layer.consistent_hash(local)) as connection:
            # The outer limit is for a server that is gone without closing the connection.
            item = await asyncio.wait_for(
                connection.brpop(key, timeout=WAIT_SECONDS), WAIT_SECONDS + CALL_SECONDS
            )
            if item is None:
                return
            items = [item[1]]
            # Senders push left: the last of the list is the oldest.
            items += reversed(await connection.eval(_DRAIN, keys=[key]))
        for item in items:
            try:
                message = layer.deserialize(item)
            except Exception as error:
                self._complain(error)
                continue
            message.pop("__asgi_channel__", None)
            self.on_bell(message)

    def _complain(self, error):
        self.throttle.log(
            logger.warning,
            "channel layer: %s: %s; new entries are found by polling meanwhile",
            type(error).__name__,
            error,
        )
