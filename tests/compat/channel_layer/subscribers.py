"""Layers and Subscribers of a test."""

import asyncio
import uuid

from channels_redis.core import RedisChannelLayer

from compat.channel_layer import layers
from compat.channel_layer.subscriber import Subscriber

GROUP = "news"


def layer_of(*servers, **config):
    """A layer as own_layer() makes one."""
    layer = RedisChannelLayer(hosts=[("127.0.0.1", server.port) for server in servers], **config)
    layer.group_expiry = layers.MEMBER_SECONDS
    layer.client_prefix = uuid.uuid4().hex
    return layer


class Listener:
    """A Subscriber that keeps what it is told."""

    def __init__(self, layer, kind=Subscriber):
        self.layer = layer
        self.messages, self.returns = [], 0
        self.changed = asyncio.Event()
        self.subscriber = kind(layer, self.on_notification, self.on_return)

    def on_notification(self, message):
        self.messages.append(message)
        self.changed.set()

    def on_return(self):
        self.returns += 1
        self.changed.set()

    async def until(self, ready, seconds=20):
        async def wait():
            while not ready(self):
                self.changed.clear()
                await self.changed.wait()

        await asyncio.wait_for(wait(), seconds)

    async def members(self, group=GROUP):
        """Who is in the group: channel → until when its membership is counted from."""
        async with self.layer.connection(self.layer.consistent_hash(group)) as connection:
            found = await connection.zrange(self.layer._group_key(group), 0, -1, withscores=True)
        return dict(found)

    def key(self):
        """Redis' list of its channel."""
        return self.layer.prefix + self.layer.non_local_name(self.subscriber.channel)


async def listening(layer, group=GROUP):
    """A Listener that is a member of the group."""
    listener = Listener(layer)
    await listener.subscriber.join(group)
    return listener


async def disconnect(layer):
    """Close what the layer itself has opened."""
    for pool in layer.pools:
        await pool.close_loop(asyncio.get_event_loop())
