"""A rolling reload: processes with the pub/sub layer beside those with channels_redis' layer."""

import asyncio

import pytest
from channels_redis.core import RedisChannelLayer

from compat.channel_layer import members
from compat.channel_layer.pubsub import RedisPubSubChannelLayer

GROUP = "news"


def taken(layer, channel):
    return asyncio.wait_for(layer.receive(channel), 20)


@pytest.fixture(params=["plain", "encrypted", "two hosts"])
def pair(request, redis, more_redis, run):
    """(pub/sub layer, channels_redis' layer) of one site."""
    servers, config = [redis], {"prefix": "site:"}
    if request.param == "encrypted":
        config["symmetric_encryption_keys"] = ["secret"]
    if request.param == "two hosts":
        servers.append(more_redis())
    hosts = [server.url for server in servers]
    made = [kind(hosts=hosts, **config) for kind in (RedisPubSubChannelLayer, RedisChannelLayer)]
    yield made

    async def close():
        for layer in made:
            await layer.close_pools()

    run(close())


def test_whoever_sends_reaches_all_members_once(pair, run):
    async def main():
        members = []
        for layer in pair:
            for number in range(2):
                channel = await layer.new_channel()
                members.append((layer, channel))
                for group in (GROUP, "of%d" % number):
                    await layer.group_add(group, channel)
        for layer in pair:
            for number in range(5):
                await layer.group_send(GROUP, {"type": "n", "number": number})
            await layer.group_send("of1", {"type": "n", "number": "of1"})
            for to, channel in members:
                expected = list(range(5)) + (["of1"] if (to, channel) in members[1::2] else [])
                got = [(await taken(to, channel))["number"] for _ in expected]
                assert got == expected
        pair[0].group_send_now(GROUP, {"type": "end"})
        for to, channel in members:
            assert await taken(to, channel) == {"type": "end"}  # and nothing before that

    run(main())


def test_whoever_sends_reaches_a_channel_by_its_name(pair, run):
    async def main():
        for receiver in pair:
            channel = await receiver.new_channel()
            for sender in pair:
                await sender.send(channel, {"type": "direct"})
                assert await taken(receiver, channel) == {"type": "direct"}
            pair[0].send_now(channel, {"type": "now"})
            assert await taken(receiver, channel) == {"type": "now"}

    run(main())


def test_whoever_adds_and_removes_another_ones_channel(pair, run):
    async def main():
        for receiver, other in (pair, pair[::-1]):
            channel = await receiver.new_channel()
            await other.group_add(GROUP, channel)
            for sender in pair:
                await sender.group_send(GROUP, {"type": "in"})
                assert await taken(receiver, channel) == {"type": "in"}
            await other.group_discard(GROUP, channel)
            for sender in pair:
                await sender.group_send(GROUP, {"type": "out"})
                await sender.send(channel, {"type": "end"})
                assert await taken(receiver, channel) == {"type": "end"}

    run(main())


def test_who_has_joined_itself_is_not_removed_by_a_process_of_before(pair, run):
    """It is by one of its own layer. docs/guide/scale.md tells."""
    new, old = pair

    async def main():
        channel = await new.new_channel()
        await new.group_add(GROUP, channel)
        await old.group_discard(GROUP, channel)
        for sender in pair:
            await sender.group_send(GROUP, {"type": "still in"})
            assert await taken(new, channel) == {"type": "still in"}
        await new.group_discard(GROUP, channel)
        for sender in pair:
            await sender.group_send(GROUP, {"type": "out"})
            await sender.send(channel, {"type": "end"})
            assert await taken(new, channel) == {"type": "end"}

    run(main())


def test_many_messages_reach_everybody_once_and_in_order(pair, run):
    async def main():
        members = []
        for layer in pair:
            members.append((layer, await layer.new_channel()))
            for group in (GROUP, "weather"):
                await layer.group_add(group, members[-1][1])
        numbers = list(range(40))
        messages = [((GROUP, "weather")[n % 2], {"type": "n", "n": n}) for n in numbers]
        await pair[0].group_send_many(messages[:20])
        pair[0].group_send_many_now(iter(messages[20:]))
        for layer, channel in members:
            got = [(await taken(layer, channel))["n"] for _ in numbers]
            for odd in (0, 1):  # groups may be on two servers, between which there is no order
                assert [n for n in got if n % 2 == odd] == numbers[odd::2]

    run(main())


def test_workers_take_turns_at_a_channel(pair, run):
    async def main():
        for number in range(4):
            await pair[number % 2].send("work", {"type": "n", "number": number})
        got = [(await taken(pair[number % 2], "work"))["number"] for number in range(4)]
        assert sorted(got) == [0, 1, 2, 3]

    run(main())


def test_nothing_is_left_in_redis_when_everybody_has_gone(redis, run):
    async def main():
        layer = RedisPubSubChannelLayer(hosts=[redis.url])
        channel = await layer.new_channel()
        await layer.group_add(GROUP, channel)
        assert redis.say("ZCARD", "asgi::group:" + GROUP) == 1
        await layer.group_discard(GROUP, channel)
        await layer.close_pools()
        keys = [key for key in redis.say("KEYS", "*") if b"$subscribed" not in key]
        assert keys == [] and redis.say("PUBSUB", "CHANNELS") == []
        assert all(redis.say("TTL", key.decode()) > 0 for key in redis.say("KEYS", "*"))

    run(main())


def test_a_group_with_many_members_here_is_one_subscription_and_one_mark(redis, run):
    async def main():
        layer = RedisPubSubChannelLayer(hosts=[redis.url])
        channels = [await layer.new_channel() for _ in range(200)]
        await asyncio.gather(*[layer.group_add(GROUP, channel) for channel in channels])
        assert redis.say("ZCARD", "asgi::group:" + GROUP) == 1
        assert redis.say("PUBSUB", "NUMSUB", "asgi:@0:group:" + GROUP)[1] == 1
        assert redis.say("CLIENT", "LIST", "TYPE", "pubsub").count(b"\n") == 1
        assert members.CHANNELS_OF_A_TASK < 200
        await layer.group_send(GROUP, {"type": "news"})
        for channel in channels:
            assert await taken(layer, channel) == {"type": "news"}
        await layer.close_pools()

    run(main())
