"""Channels join and leave at any moment, connections are cut: a group has whom it should have."""

import asyncio
import random

import pytest
from aioredis.errors import ConnectionClosedError

from compat.channel_layer import subscription
from compat.channel_layer.pubsub import RedisPubSubChannelLayer

GROUPS = ["g0", "g1", "g2"]
STEPS = 250
PAUSES = (0, 0, 0, 0.001, 0.005)
# What a join or a leave may raise while connections are cut.
CUT = (OSError, ConnectionClosedError)


class Some:
    """Channels of two processes' layers, and which of them each group should have."""

    def __init__(self, url, chance):
        self.chance = chance
        self.layers = [RedisPubSubChannelLayer(hosts=[url]) for _ in range(2)]
        self.members = {group: set() for group in GROUPS}
        self.errors = []
        self.last = {}  # (channel, group) → what was asked for last

    async def make(self):
        self.channels = {await layer.new_channel(): layer for layer in self.layers * 3}
        return self

    def ask(self, channel, group, joins):
        """Later, as a consumer does: not before what the channel has asked for is answered."""
        before = self.last.get((channel, group))
        self.last[channel, group] = asyncio.ensure_future(
            self.answered(before, channel, group, joins)
        )

    async def answered(self, before, channel, group, joins):
        if before is not None:
            await before
        layer = self.channels[channel]
        self.members[group].discard(channel)
        try:
            await (layer.group_add if joins else layer.group_discard)(group, channel)
        except CUT as error:
            self.errors.append(error)
            return  # it is no member then, either way
        if joins:
            self.members[group].add(channel)

    async def shuffle(self, cut):
        for _ in range(STEPS):
            channel = self.chance.choice(sorted(self.channels))
            self.ask(channel, self.chance.choice(GROUPS), self.chance.random() < 0.5)
            if cut is not None and self.chance.random() < 0.02:
                await cut.execute(
                    "CLIENT", "KILL", "TYPE", self.chance.choice(["pubsub", "normal"])
                )
            await asyncio.sleep(self.chance.choice(PAUSES))
        await asyncio.wait(list(self.last.values()))
        for one in self.last.values():
            one.result()

    def subscriptions(self):
        return [host.subscription for one in self.layers for host in one._fan_out().hosts.values()]

    async def are_back(self):
        """All connections are, with all that is wanted."""
        for one in self.subscriptions():
            while set(one.wanted) != one.confirmed:
                await asyncio.sleep(0.01)

    async def hear(self):
        """{group: {channel: how many of the two layers' messages it got}}."""
        for group in GROUPS:
            for number, layer in enumerate(self.layers):
                await layer.group_send(group, {"type": group, "from": number})
        for channel, layer in self.channels.items():
            await layer.send(channel, {"type": "end"})
        heard = {group: {} for group in GROUPS}
        for channel, layer in self.channels.items():
            while True:
                message = await layer.receive(channel)
                if message["type"] == "end":
                    break
                heard[message["type"]].setdefault(channel, []).append(message["from"])
        return {
            group: {channel: sorted(numbers) for channel, numbers in found.items()}
            for group, found in heard.items()
        }

    async def marks(self, commands):
        """Groups of each layer that channels_redis' processes see it in."""
        found = []
        for layer in self.layers:
            name = layer._fan_out().name
            found.append(set())
            for group in GROUPS:
                members = await commands.execute("ZRANGE", layer._group_key(group), 0, -1)
                found[-1].update(group for one in members if name in one.decode())
        return found


@pytest.mark.parametrize("cuts", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_group_has_whom_it_should_have(redis, run, monkeypatch, seed, cuts):
    monkeypatch.setattr(subscription, "PING_SECONDS", 0.1)  # marks are put right with each

    async def main():
        some = await Some(redis.url, random.Random(seed)).make()
        async with some.layers[0].connection(0) as commands:
            await some.shuffle(commands if cuts else None)
            assert cuts or not some.errors
            await some.are_back()
            heard = await some.hear()
            should = {
                group: {channel: [0, 1] for channel in members}
                for group, members in some.members.items()
            }
            assert heard == should
            expected = [
                {
                    group
                    for group in GROUPS
                    if any(some.channels[one] is layer for one in should[group])
                }
                for layer in some.layers
            ]
            while await some.marks(commands) != expected:
                await asyncio.sleep(0.01)
        for layer in some.layers:
            await layer.close_pools()

    run(main())
