"""The pub/sub layer over a real Redis that restarts, hangs, is full, refuses, or cuts us off."""

import asyncio
import logging
import os
import signal
import time

import pytest
from aioredis.errors import AuthError, ReplyError
from channels_redis.core import RedisChannelLayer

from compat.channel_layer import connections, host, mailbox, subscription
from compat.channel_layer.pubsub import RedisPubSubChannelLayer

GROUP = "news"


class Member:
    """A layer, and a channel of it in the group, whose messages are kept."""

    def __init__(self, server, **config):
        config.setdefault("lost_type", "lost")
        self.layer = RedisPubSubChannelLayer(hosts=[server.url], **config)
        self.sender = RedisPubSubChannelLayer(hosts=[server.url])
        self.messages, self.changed = [], asyncio.Event()
        self.task = asyncio.ensure_future(self.read())
        self.sent = 0

    async def read(self):
        self.channel = await self.layer.new_channel()
        await self.layer.group_add(GROUP, self.channel)
        self.changed.set()
        while True:
            self.messages.append(await self.layer.receive(self.channel))
            self.changed.set()

    async def until(self, ready, seconds=20):
        async def wait():
            while not ready():
                self.changed.clear()
                change = asyncio.ensure_future(self.changed.wait())
                done, _ = await asyncio.wait([change, self.task], return_when="FIRST_COMPLETED")
                change.cancel()
                if self.task in done:
                    self.task.result()

        await asyncio.wait_for(wait(), seconds)

    @property
    def types(self):
        return [message.get("type") for message in self.messages]

    async def told(self):
        """It gets what is sent now."""
        self.sent += 1
        name = "sent%d" % self.sent
        await self.sender.group_send(GROUP, {"type": name})
        await self.until(lambda: name in self.types)

    async def close(self):
        self.task.cancel()
        await asyncio.wait([self.task])
        for layer in (self.layer, self.sender):
            await layer.close_pools()


async def member(server, **config):
    found = Member(server, **config)
    await found.until(lambda: hasattr(found, "channel") and found.changed.is_set())
    await found.told()
    return found


@pytest.fixture
def quick(monkeypatch):
    """Patience that suits a test."""
    monkeypatch.setattr(subscription, "PING_SECONDS", 0.1)
    for module in (subscription, connections):
        monkeypatch.setattr(module, "ANSWER_SECONDS", 0.5)


def test_groups_are_joined_again_after_a_restart_and_members_told(redis, run, quick, caplog):
    async def main():
        one = await member(redis)
        redis.stop(signal.SIGKILL)
        with pytest.raises((OSError, EOFError)):
            await one.sender.group_send(GROUP, {"type": "never"})
        redis.start()
        await one.until(lambda: "lost" in one.types)
        await one.told()
        # The others' way to us is there, too.
        old = RedisChannelLayer(hosts=[redis.url])
        while not await marks(redis):
            await asyncio.sleep(0.01)
        await old.group_send(GROUP, {"type": "old"})
        await one.until(lambda: "old" in one.types)
        await old.close_pools()
        await one.close()
        return one.messages

    assert run(main()) == [
        {"type": "sent1"},
        {"type": "lost", "lost": None},
        {"type": "sent2"},
        {"type": "old"},
    ]
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert any(line.startswith("Redis is away, groups get no messages until") for line in said)
    assert any("has not reached 1 members here" in line for line in said)


async def marks(server):
    loop = asyncio.get_event_loop()
    return await loop.run_in_executor(None, server.say, "ZRANGE", "asgi::group:" + GROUP, 0, -1)


def test_who_joins_while_redis_is_away_waits_for_it_a_little(redis, run, quick, monkeypatch):
    monkeypatch.setattr(subscription, "JOIN_SECONDS", 20)

    async def main():
        one = await member(redis)
        redis.stop(signal.SIGKILL)
        channel = await one.layer.new_channel()
        joining = asyncio.ensure_future(one.layer.group_add("late", channel))
        await asyncio.sleep(0.1)
        assert not joining.done()
        redis.start()
        await joining
        await one.sender.group_send("late", {"type": "late"})
        found = await one.layer.receive(channel)
        if found["type"] == "lost":  # it was a member before the connection was whole
            found = await one.layer.receive(channel)
        assert found == {"type": "late"}
        redis.stop(signal.SIGKILL)
        monkeypatch.setattr(subscription, "JOIN_SECONDS", 0.3)
        with pytest.raises((OSError, EOFError)):
            await one.layer.group_add("never", channel)
        fan_out = one.layer._owner(channel)
        assert set(fan_out.groups) == {GROUP, "late"}
        redis.start()
        await one.until(lambda: one.types.count("lost") == 2)
        await one.told()
        await one.close()

    run(main())


def test_a_redis_that_hangs_is_given_up_and_found_again(redis, run, quick):
    async def main():
        one = await member(redis)
        before = one.layer._owner(one.channel).host(0).subscription.conn
        redis.process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises((OSError, asyncio.TimeoutError)):
                await asyncio.wait_for(one.sender.group_send(GROUP, {"type": "late"}), 5)
            while not before.closed:
                await asyncio.sleep(0.01)
        finally:
            redis.process.send_signal(signal.SIGCONT)
        await one.until(lambda: "lost" in one.types)
        await one.told()
        await one.close()

    run(main())


async def refuse(server, kind, on):
    """Have Redis refuse to write, or to serve us."""
    password = "other" if kind == "NOAUTH" and not on else None
    if kind == "OOM":
        server.say("CONFIG", "SET", "maxmemory", "1" if on else "0")
    elif kind == "MISCONF":
        server.say("CONFIG", "SET", "save", "3600 1" if on else "")
        if on:  # and there is a folder in the file's place
            os.makedirs(server.folder + "/dump.rdb/in the way", exist_ok=True)
            server.say("BGSAVE")
            while b"rdb_last_bgsave_status:err" not in server.say("INFO", "persistence"):
                await asyncio.sleep(0.01)
    else:
        server.say("CONFIG", "SET", "requirepass", "other" if on else "", password=password)
        password = "other" if on else None
        for kind in ("normal", "pubsub"):
            server.say("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes", password=password)


@pytest.mark.parametrize("kind", ["OOM", "MISCONF"])
def test_a_redis_that_takes_no_writes_still_delivers(redis, run, quick, kind, caplog):
    """Who joins is a member, too, if not for senders with channels_redis' layer."""

    async def main():
        one = await member(redis)
        await refuse(redis, kind, True)
        await one.told()
        channel = await one.layer.new_channel()
        await one.layer.group_add("late", channel)
        await one.sender.group_send("late", {"type": "late"})
        assert await one.layer.receive(channel) == {"type": "late"}
        one.sender.group_send_now(GROUP, {"type": "now"})
        await one.until(lambda: "now" in one.types)
        await refuse(redis, kind, False)
        old = RedisChannelLayer(hosts=[redis.url])
        for _ in range(500):  # the next beat leaves a mark
            if redis.say("ZCARD", "asgi::group:late"):
                break
            await asyncio.sleep(0.02)
        await old.group_send("late", {"type": "old"})
        assert await one.layer.receive(channel) == {"type": "old"}
        await old.close_pools()
        await one.close()
        return one.types

    assert "lost" not in run(main())
    told = any("may not reach our groups" in line.getMessage() for line in caplog.records)
    assert told == (kind == "MISCONF")  # without room for more, Redis takes a mark


def test_another_password_is_told_and_over_when_it_is_ours_again(redis, run, quick, caplog):
    async def main():
        one = await member(redis)
        await refuse(redis, "NOAUTH", True)
        while not any("Redis refuses us" in line.getMessage() for line in caplog.records):
            await asyncio.sleep(0.01)
        with pytest.raises((ReplyError, AuthError)):
            await one.sender.group_send(GROUP, {"type": "never"})
        with pytest.raises(ReplyError):
            one.sender.group_send_now(GROUP, {"type": "never"})
        await refuse(redis, "NOAUTH", False)
        await one.until(lambda: "lost" in one.types)
        await one.told()
        await one.close()

    run(main())


@pytest.mark.parametrize("kind", ["normal", "pubsub"])
def test_cut_connections_are_made_again(redis, run, quick, kind):
    async def main():
        one = await member(redis)
        redis.say("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
        if kind == "pubsub":
            await one.until(lambda: "lost" in one.types)
        for _ in range(3):
            await one.told()
        one.sender.group_send_now(GROUP, {"type": "now"})
        await one.until(lambda: "now" in one.types)
        redis.say("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        one.sender.group_send_now(GROUP, {"type": "again"})
        await one.until(lambda: "again" in one.types)
        await one.close()
        return one.types

    assert run(main()).count("lost") == (kind == "pubsub")


def test_marks_are_renewed_when_redis_has_lost_its_data(redis, run, quick):
    async def main():
        one = await member(redis)
        redis.say("FLUSHALL")
        while not await marks(redis):
            await asyncio.sleep(0.01)
        await one.close()
        assert not await marks(redis)

    run(main())


def test_marks_expire_with_their_process(redis, run, quick, monkeypatch):
    """Of one that was killed, who sends by channels_redis' layer is rid after MARK_SECONDS."""
    monkeypatch.setattr(host, "MARK_SECONDS", 5)

    async def main():
        one = await member(redis)
        [_, at] = redis.say("ZRANGE", "asgi::group:" + GROUP, 0, -1, "WITHSCORES")
        one.layer._owner(one.channel).host(0).mark_at = 0.0
        while redis.say("ZRANGE", "asgi::group:" + GROUP, 0, -1, "WITHSCORES")[1] == at:
            await asyncio.sleep(0.01)
        await one.close()
        return float(at)

    assert abs(run(main()) - (time.time() - 86400 + 5)) < 30


def test_what_does_not_fit_is_told_logged_and_counted(redis, run, quick, caplog, monkeypatch):
    counted = []

    class Counter:
        def labels(self, why):
            counted.append(why)
            return self

        def inc(self, number):
            counted.append(number)

    monkeypatch.setattr("compat.channel_layer.fan_out.lost", Counter())

    async def main():
        layer = RedisPubSubChannelLayer(hosts=[redis.url], queue_bytes=3000, lost_type="lost")
        channel = await layer.new_channel()
        await layer.group_add(GROUP, channel)
        for number in range(10):
            await layer.group_send(GROUP, {"type": "n", "text": "x" * 900, "number": number})
        box = layer._owner(channel).mailbox(channel)
        while counted.count(1) < 7:
            await asyncio.sleep(0.01)
        assert box.bytes <= 3000
        got = [await layer.receive(channel) for _ in range(4)]
        await layer.group_send(GROUP, {"type": "big", "text": "x" * 9000})
        assert (await layer.receive(channel))["type"] == "big"  # alone it has room
        await layer.close_pools()
        return got

    got = run(main())
    assert [message.get("number") for message in got[:3]] == [0, 1, 2]
    assert got[3] == {"type": "lost", "lost": 7}
    assert counted == ["full", 1] * 7
    lines = [r.getMessage() for r in caplog.records if "messages lost" in r.getMessage()]
    assert len(lines) == 1 and "in which 3 wait" in lines[0] and "queue_bytes" in lines[0]


def test_garbage_is_dropped_and_reading_goes_on(redis, run, quick, caplog):
    async def main():
        one = await member(redis)
        pack = one.layer.serialize
        for content in (b"\xc1", pack([1]), pack({"__asgi_channel__": 7}), pack({})):
            loud = RedisPubSubChannelLayer(hosts=[redis.url])
            for name in await published(redis):
                async with loud.connection(0) as connection:
                    await connection.publish(name, content)
            await loud.close_pools()
        await one.told()
        await one.close()
        return one.messages

    messages = run(main())
    assert [message for message in messages if "type" in message] == [
        {"type": "sent1"},
        {"type": "sent2"},
    ]
    assert any("cannot be read" in record.getMessage() for record in caplog.records)


async def published(server):
    return [name.decode() for name in server.say("PUBSUB", "CHANNELS")]


def test_nothing_is_kept_of_consumers_that_have_ended(redis, run, quick):
    async def main():
        layer = RedisPubSubChannelLayer(hosts=[redis.url])

        async def consume(number):
            channel = await layer.new_channel()
            await layer.group_add("group%d" % (number % 3), channel)
            await asyncio.wait([asyncio.ensure_future(layer.receive(channel))], timeout=0.01)
            raise ValueError  # without a goodbye

        tasks = [asyncio.ensure_future(consume(number)) for number in range(30)]
        await asyncio.wait(tasks)
        for task in tasks:
            task.exception()
        fan_out = next(iter(layer._fan_outs.values()))
        while fan_out.tasks:
            await asyncio.sleep(0.01)
        for one in asyncio_tasks():
            one.cancel()
        left = fan_out.groups, fan_out.mailboxes, fan_out.owners, fan_out.owned, fan_out.joining
        assert not any(left)
        assert not [name for name in await published(redis) if ":group:" in name]
        assert redis.say("KEYS", "asgi::group:*") == []
        await layer.close_pools()

    def asyncio_tasks():
        from compat._asyncio import all_tasks

        loop = asyncio.get_event_loop()
        return [task for task in all_tasks(loop) if "receive" in repr(task)]

    run(main())


def test_who_waits_for_a_mailbox_is_served_in_turn(run):
    async def main():
        box = mailbox.Mailbox("a", 10, 1000, 60, print)
        waiting = [asyncio.ensure_future(box.get()) for _ in range(3)]
        await asyncio.sleep(0)
        box.put({"n": 1}, 1, time.monotonic())
        waiting[0].cancel()  # woken, and cancelled before it runs
        box.put({"n": 2}, 1, time.monotonic())
        found = [(await one)["n"] for one in waiting[1:]]
        assert found == [1, 2] and not box.waiters and not box.bytes

    run(main())
