"""Notifications over a real Redis: who gets them, and what one costs."""

import asyncio
import logging
import time

import pytest
from aioredis.connection import RedisConnection
from aioredis.errors import ReplyError

from compat._asyncio import current_task
from compat.channel_layer import layers, notify

from .subscribers import GROUP, disconnect, layer_of, listening

MESSAGE = {"type": "news", "text": "\u00e9"}
STOCK = ["zremrangebyscore", "zrange", "eval"]


@pytest.fixture
def asked(monkeypatch):
    """What the task of send() asks Redis, not the subscribers beside it; .refuse: its script."""
    commands = Commands()
    stock = RedisConnection.execute

    def execute(self, command, *args, **kwargs):
        if current_task() is commands.task:
            commands.append((command.decode() if isinstance(command, bytes) else command).lower())
            if args[:1] == (notify._SCRIPT,) and commands.refuse:
                raise ReplyError(commands.refuse)
        return stock(self, command, *args, **kwargs)

    monkeypatch.setattr(RedisConnection, "execute", execute)
    return commands


class Commands(list):
    task = None
    refuse = None

    async def send(self, layer, message=MESSAGE):
        self.task = current_task()
        try:
            await notify.send(layer, GROUP, message)
        finally:
            self.task = None


async def tell_two(asked, sender, *subscribers):
    """Two listeners are told six times; what each got."""
    listeners = [await listening(layer) for layer in subscribers]
    await asked.send(sender)
    for number in range(5):
        # One by one, for a list has room for a few only.
        for listener in listeners:
            await listener.until(lambda one, number=number: len(one.messages) > number)
        await notify.send(sender, GROUP, {"type": "news", "number": number})
    for listener in listeners:
        await listener.until(lambda one: len(one.messages) == 6)
        await listener.subscriber.stop()
    await disconnect(sender)
    return [listener.messages for listener in listeners]


ALL_SIX = [MESSAGE] + [{"type": "news", "number": number} for number in range(5)]


@pytest.mark.parametrize("keys", [[], ["secret"]])
def test_every_subscriber_is_told_and_redis_asked_once(redis, run, asked, keys):
    config = {"symmetric_encryption_keys": keys, "capacity": 4, "prefix": "mine"}
    sender, *two = [layer_of(redis, **config) for _ in range(3)]

    async def main():
        async with sender.connection(0) as connection:
            key = sender._group_key(GROUP)
            await connection.zadd(key, time.time() - 20 * 3600, "specific.old!x")
            await connection.zadd(key, time.time(), "specific.dead!x")
        told = await tell_two(asked, sender, *two)
        left = {}
        async with sender.connection(0) as connection:
            for name in ("old", "dead"):
                key = sender.prefix + "specific.%s!" % name
                left[name] = [await connection.llen(key), await connection.ttl(key) > 0]
        await disconnect(sender)
        return told, left

    told, left = run(main())
    assert told == [ALL_SIX, ALL_SIX]
    assert asked == ["eval"]
    # Who is too old is gone; who died keeps no more than the capacity, and not for ever.
    assert left == {"old": [0, False], "dead": [4, True]}


def test_where_a_script_must_tell_its_keys_the_layer_sends(redis, run, asked):
    asked.refuse = "ERR script tried accessing undeclared key"
    sender, *two = [layer_of(redis) for _ in range(3)]
    assert run(tell_two(asked, sender, *two)) == [ALL_SIX, ALL_SIX]
    assert asked == ["eval"] + STOCK


@pytest.mark.parametrize("reply", ["LOADING Redis is loading", "OOM command not allowed"])
def test_a_redis_that_serves_nobody_is_asked_once(redis, run, asked, reply):
    asked.refuse = reply
    sender = layer_of(redis)

    async def main():
        with pytest.raises(ReplyError, match=reply):
            await asked.send(sender)
        await disconnect(sender)

    run(main())
    assert asked == ["eval"]


def test_with_several_servers_the_layer_sends(redis, more_redis, run, asked):
    servers = redis, more_redis()
    sender, *two = [layer_of(*servers) for _ in range(3)]
    assert run(tell_two(asked, sender, *two)) == [ALL_SIX, ALL_SIX]
    assert asked[:2] == STOCK[:2] and set(asked[2:]) == {"eval"}


# notify(), from code that is no consumer


class Hanging:
    """A layer that does not answer."""

    ring_size = 1
    group_expiry = 1

    def __init__(self):
        self.calls = 0

    async def group_send(self, group, message):
        self.calls += 1
        await asyncio.sleep(60)


@pytest.fixture
def hanging(monkeypatch):
    layer = Hanging()
    monkeypatch.setattr(layers, "network_layer", lambda members_renew: layer)
    monkeypatch.setattr(notify, "SEND_SECONDS", 0.05)
    monkeypatch.setattr(notify, "_rest_until", 0.0)
    monkeypatch.setattr(notify, "_throttles", {})
    return layer


def test_after_one_that_timed_out_the_layer_is_left_alone_for_a_while(hanging, caplog, monkeypatch):
    told = []

    def listener(message):  # before Python 3.8 told.append cannot be hashed
        told.append(message)

    notify.listen("news", listener)
    try:
        for _ in range(3):
            notify.notify(GROUP, MESSAGE, "the news was not sent")
        assert hanging.calls == 1
        notify.notify(GROUP, MESSAGE, "nor this", urgent=True)
        assert hanging.calls == 2
        monkeypatch.setattr(notify, "_rest_until", time.monotonic() - 1)
        notify.notify(GROUP, MESSAGE, "the news was not sent")
        assert hanging.calls == 3
    finally:
        notify.unlisten("news", listener)
    notify.notify(GROUP, MESSAGE, "the news was not sent")
    assert told == [MESSAGE] * 5  # whatever the layer does
    lines = [(record.levelno, record.getMessage()) for record in caplog.records]
    why = "TookTooLong: no answer within 0.05 s"
    assert lines == [
        (logging.WARNING, "the news was not sent: " + why),
        (logging.WARNING, "nor this: " + why),
    ]
