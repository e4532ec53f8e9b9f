"""Whose a channel is, and what a process has of its own: the pub/sub layer without a Redis."""

import asyncio

import pytest
from asgiref.sync import async_to_sync
from channels.exceptions import ChannelFull
from channels_redis.core import RedisChannelLayer

from compat.channel_layer import pubsub
from compat.channel_layer.pubsub import RedisPubSubChannelLayer, database

HOSTS = [("127.0.0.1", 1), ("127.0.0.1", 2)]


@pytest.fixture
def layer():
    return RedisPubSubChannelLayer(hosts=HOSTS)


@pytest.fixture
def asked(layer, monkeypatch):
    """What channels_redis' layer, and what Redis, is asked for."""
    asked = []

    def note(name):
        async def call(self, group, channel):
            asked.append((name, group, channel))

        return call

    for name in ("group_add", "group_discard"):
        monkeypatch.setattr(RedisChannelLayer, name, note(name))

    async def follow(plan):
        asked.append([step.script for step in plan])

    monkeypatch.setattr(layer, "_follow", follow)
    return asked


@pytest.mark.parametrize("name", ["group_add", "group_discard"])
def test_what_no_loop_here_has_made_is_a_member_by_its_list_alone(layer, asked, run, name):
    """Named channels, and those that async_to_sync() has set up: channels_redis keeps them."""
    of_a_call = async_to_sync(layer.new_channel)()
    call = getattr(layer, name)

    async def main():
        for channel in ("work", of_a_call, "specific.elsewhere!x"):
            await call("group", channel)

    run(main())
    assert asked[:2] == [(name, "group", "work"), (name, "group", of_a_call)]
    (script,) = asked[2]
    assert "PUBLISH" in script.text


def test_after_a_fork_nothing_of_the_parent_is_used(layer, run, monkeypatch):
    monkeypatch.setattr(pubsub, "inherited", [])

    async def main():
        parents, pools, prefix = layer._fan_out(), layer.pools, layer.client_prefix
        assert layer._fan_out() is parents and layer._living() == [parents]
        layer._pid -= 1
        ours = layer._fan_out()
        assert ours is not parents and ours.name != parents.name
        assert layer._living() == [ours] and layer.client_prefix != prefix
        assert not set(layer.pools) & set(pools)
        assert [pool.host for pool in layer.pools] == [pool.host for pool in pools]
        # Kept, for what it would close is shared.
        assert [(list(fan_outs.values()), kept) for fan_outs, kept in pubsub.inherited] == [
            ([parents], pools)
        ]
        assert layer._fan_out() is ours and len(pubsub.inherited) == 1
        await layer.close_pools()

    run(main())


def test_a_loop_that_was_closed_owns_nothing(layer, run):
    loop = asyncio.new_event_loop()
    channels = []

    async def begin():
        fan_out = layer._fan_out()
        fan_out.locals.add("specific.%s!" % fan_out.name)
        channels.append("specific.%s!x" % fan_out.name)

    asyncio.set_event_loop(loop)
    loop.run_until_complete(begin())
    assert layer._owner(channels[0]) is not None and layer._owner("work") is None
    assert layer._owner("specific.another!x") is None
    with pytest.raises(RuntimeError, match="belongs to another event loop"):
        run(layer.receive(channels[0]))
    with pytest.raises(RuntimeError, match="does not run"):
        run(layer.group_add("group", channels[0]))
    loop.close()
    assert layer._owner(channels[0]) is None and layer._fan_outs == {}


def test_a_channel_of_ours_is_full_at_its_capacity(run, monkeypatch):
    layer = RedisPubSubChannelLayer(hosts=HOSTS[:1], channel_capacity={"tight.*": 1})
    sent = []

    async def follow(plan):
        sent.append(plan)

    monkeypatch.setattr(layer, "_follow", follow)

    async def main():
        fan_out = layer._fan_out()
        for prefix, room in (("tight", 1), ("other", pubsub.LOCAL_CAPACITY)):
            fan_out.locals.add("%s.%s!" % (prefix, fan_out.name))
            channel = "%s.%s!x" % (prefix, fan_out.name)
            mailbox = fan_out.mailbox(channel)
            assert mailbox.capacity == room
            await layer.send(channel, {"type": "x"})
            mailbox.items.extend([({}, 0, 0.0)] * room)
            with pytest.raises(ChannelFull):
                await layer.send(channel, {"type": "x"})
        await layer.close_pools()

    run(main())
    assert len(sent) == 2


@pytest.mark.parametrize(
    "capacity, local, of_lists", [(None, 10000, 100), (7, 7, 7), (0, 0, 0), (200, 200, 200)]
)
def test_one_capacity_is_for_both_kinds_of_queues(capacity, local, of_lists):
    layer = RedisPubSubChannelLayer(hosts=HOSTS, capacity=capacity)
    assert layer.local_capacity("specific.x!y") == local
    assert layer.get_capacity("work") == layer.with_lists().get_capacity("work") == of_lists


def test_a_layer_with_lists_has_the_same_configuration():
    config = {"prefix": "site:", "expiry": 5, "group_expiry": 50, "capacity": 3}
    layer = RedisPubSubChannelLayer(hosts=HOSTS, queue_bytes=1, lost_type="lost", **config)
    lists = layer.with_lists()
    assert type(lists) is RedisChannelLayer and lists.hosts == layer.hosts
    assert {key: getattr(lists, key) for key in config} == config
    assert (layer.queue_bytes, layer.lost_type) == (1, "lost")


@pytest.mark.parametrize(
    "host, number",
    [
        ({"address": "redis://h/3"}, 3),
        ({"address": "redis://h/3", "db": 5}, 3),
        ({"address": "redis://h", "db": 5}, 5),
        ({"address": ("h", 1), "db": "5"}, 5),
        ({"address": ("h", 1)}, 0),
        ({"sentinels": [("h", 1)], "master_name": "m"}, 0),
        ({"sentinels": [("h", 1)], "master_name": "m", "db": 2}, 2),
    ],
)
def test_the_database_of_a_host(host, number):
    assert database(host) == number
