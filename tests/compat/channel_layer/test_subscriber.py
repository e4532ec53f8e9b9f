"""Bells over a real Redis: who hears them, and what one costs."""

import json

import pytest

from tests.support.probe import probe

CODE = """
import asyncio, json, os, time
import django
from django.conf import settings
config = {"hosts": [("127.0.0.1", port) for port in json.loads(os.environ["PORTS"])]}
config.update(json.loads(os.environ.get("CONFIG", "{}")))
settings.configure(CHANNEL_LAYERS={"default": {
    "BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": config,
}})
django.setup()
from compat.channel_layer import layers, subscriber as ear
from compat._asyncio import current_task

heard, asked = [], []

async def listen(place):
    loop, done = asyncio.get_event_loop(), asyncio.Event()
    def on_bell(message):
        heard.append([place, message])
        done.set()
    listener = ear.Ear(layers.own_layer(), on_bell, lambda: None)
    await listener.join("news")
    return listener, done

def watch(refuse):
    # Only what the sender asks, not the ears beside it.
    task = current_task()
    from aioredis.connection import RedisConnection
    from aioredis.errors import ReplyError
    stock = RedisConnection.execute
    def execute(self, command, *args, **kwargs):
        if current_task() is task:
            asked.append((command.decode() if isinstance(command, bytes) else command).lower())
        if refuse and args[:1] == (ear._RING,):
            raise ReplyError("ERR script tried accessing undeclared key")
        return stock(self, command, *args, **kwargs)
    RedisConnection.execute = execute
    return lambda: setattr(RedisConnection, "execute", stock)

async def main():
    both = [await listen(place) for place in "ab"]
    sender = layers.own_layer()
    async with sender.connection(sender.consistent_hash("news")) as connection:
        await connection.zadd(sender._group_key("news"), time.time() - 20 * 3600, "specific.old!x")
        await connection.zadd(sender._group_key("news"), time.time(), "specific.dead!x")
    unwatch = watch(os.environ.get("REFUSE"))
    await ear.ring(sender, "news", {"type": "news", "text": "\\u00e9"})
    unwatch()
    for _, done in both:
        await asyncio.wait_for(done.wait(), 10)
    for _ in range(5):
        await ear.ring(sender, "news", {"type": "news", "text": "more"})
    left = {}
    for name in ("old", "dead"):
        key = sender.prefix + "specific.%s!" % name
        async with sender.connection(sender.consistent_hash("specific.%s!" % name)) as connection:
            left[name] = [await connection.llen(key), await connection.ttl(key) > 0]
    for listener, _ in both:
        await listener.stop()
    await sender.close_pools()
    first = [message for message in heard if message[1]["text"] != "more"]
    print(json.dumps([sorted(first, key=lambda one: one[0]), asked, left]))

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(main())
"""
BELL = {"type": "news", "text": "\u00e9"}
STOCK = ["zremrangebyscore", "zrange", "eval"]


def ring(ports, **env):
    """What the two ears heard of the first bell, what Redis was asked, and the lists left."""
    said = probe(CODE, env=dict(env, PORTS=json.dumps(ports)))
    assert said.said, said.error
    return json.loads(said.said)


@pytest.mark.parametrize("keys", [[], ["secret"]])
def test_a_bell_reaches_every_ear_and_asks_redis_once(redis, keys):
    config = json.dumps({"symmetric_encryption_keys": keys, "capacity": 4, "prefix": "mine"})
    heard, asked, left = ring([redis.port], CONFIG=config)
    assert heard == [["a", BELL], ["b", BELL]]
    assert asked == ["eval"]
    # Who is too old is gone; who died keeps no more than the capacity, and not for ever.
    assert left == {"old": [0, False], "dead": [4, True]}


def test_where_a_script_must_tell_its_keys_the_layer_sends(redis):
    heard, asked, left = ring([redis.port], REFUSE="1")
    assert heard == [["a", BELL], ["b", BELL]]
    assert asked == ["eval"] + STOCK


def test_with_several_servers_the_layer_sends(redis, more_redis):
    heard, asked, _ = ring([redis.port, more_redis().port])
    assert heard == [["a", BELL], ["b", BELL]]
    assert asked[:2] == STOCK[:2] and set(asked[2:]) == {"eval"}
