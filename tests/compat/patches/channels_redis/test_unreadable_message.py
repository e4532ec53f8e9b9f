"""Messages that cannot be read, on a real Redis."""

import pytest

from tests.support.probe import prove

CODE = """
import asyncio, os, socket
from channels_redis.core import RedisChannelLayer

address = "127.0.0.1", int(os.environ["PORT"])
keys = ["a key of these tests"]
layer = RedisChannelLayer(hosts=[address], symmetric_encryption_keys=%(keys)s, prefix=%(prefix)r)
other = RedisChannelLayer(hosts=[address], symmetric_encryption_keys=["another"], prefix=%(prefix)r)

async def main():
    for name in ["general", await layer.new_channel()]:
        await %(bad)s
        await layer.send(name, {"type": "good"})
        message = await asyncio.wait_for(layer.receive(name), 9)
        print(message["type"])
        await layer.send(name, {"type": "next"})
        message = await asyncio.wait_for(layer.receive(name), 9)
        print(message["type"])

async def push(name, content):
    local = layer.non_local_name(name)
    async with layer.connection(layer.consistent_hash(local)) as connection:
        await connection.lpush(layer.prefix + local, content)

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(main())
"""
BAD = {
    "another key": ("keys", 'other.send(name, {"type": "forged"})', "InvalidToken"),
    "in clear": ("keys", 'push(name, b"\\x81\\xa4type\\xa6forged")', "InvalidToken"),
    "garbage": ("None", 'push(name, b"\\xc1garbage")', "Error"),
    "no dict": ("None", 'push(name, b"\\x07")', "Error"),
}


@pytest.mark.parametrize("what", sorted(BAD))
def test_the_next_one_is_received(env, what):
    keys, bad, error = BAD[what]
    code = CODE % {"keys": keys, "bad": bad, "prefix": what.replace(" ", "")}

    good = "good\nnext\ngood\nnext"

    prove("channels_redis.unreadable_message", code, good=good, bad=error, env=env)
