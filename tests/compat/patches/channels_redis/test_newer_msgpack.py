"""Processes with msgpack 0.5.6 and with a newer one, on one Redis."""

import os
import subprocess
import sys

import pytest

from tests.support import CHECKOUT
from tests.support.probe import prove

NAME = "channels_redis.newer_msgpack"
# pip brings one along, of 1.0 or later and in pure Python. NEWER: a folder with another to try.
MSGPACK = "from pip._vendor.msgpack import *\nfrom pip._vendor.msgpack import version\n"

KEYS = """
import asyncio, os
from channels_redis.core import RedisChannelLayer

layer = RedisChannelLayer(hosts=[("127.0.0.1", int(os.environ["PORT"]))], prefix="keys")

async def main():
    await layer.send("general", {"type": "odd", "names": {1: "one", 2: "two"}})
    await layer.send("general", {"type": "last", "names": {}})
    print((await asyncio.wait_for(layer.receive("general"), 9))["names"])

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(main())
"""
TALK = """
import compat
compat.install()
import asyncio, os, sys
import msgpack
from channels_redis.core import RedisChannelLayer
from compat.channel_layer.pubsub import RedisPubSubChannelLayer

MESSAGES = [
    {"type": "plain", "text": "\\u20ac" * 40000, "bytes": bytes(range(256)) * 300, "none": None},
    {"type": "numbers", "of": [0, -1, 2**63, -2**63, 2**64 - 1, 1.5, 1e300, True, False]},
    {"type": "nested", "of": {"a": [{"b": [[], {}, [1, {"c": ()}]]}] * 20}},
    {"type": "keys", "of": {1: "one", -5: "five", "x": 0, b"y": 1, 2.5: 2}},
    {"type": "empty", "text": "", "bytes": b"", "many": list(range(70000))},
]
ROLE, KIND = sys.argv[1:3]
kind = RedisChannelLayer if KIND == "core" else RedisPubSubChannelLayer
layer = kind(hosts=[("127.0.0.1", int(os.environ["PORT"]))], prefix="talk" + KIND)

def as_read(value):
    if isinstance(value, dict):
        return {key: as_read(one) for key, one in value.items()}
    return [as_read(one) for one in value] if isinstance(value, (list, tuple)) else value

async def main():
    here = await layer.new_channel()
    await layer.group_add(ROLE, here)
    print("ready", msgpack.version[0], flush=True)
    sys.stdin.readline()
    for message in MESSAGES:
        if ROLE == "first":
            await layer.group_send("second", message)
        got = await asyncio.wait_for(layer.receive(here), 60)
        got.pop("__asgi_channel__", None)
        assert got == as_read(message), (got, message)
        if ROLE == "second":
            await layer.group_send("first", got)
    print("done", flush=True)

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(main())
os._exit(0)
"""


@pytest.fixture
def newer(env, tmp_path):
    """An environment whose msgpack is a newer one."""
    folder = os.environ.get("NEWER")
    if not folder:
        (tmp_path / "msgpack").mkdir()
        (tmp_path / "msgpack" / "__init__.py").write_text(MSGPACK)
        folder = str(tmp_path)
    return dict(env, PYTHONPATH=os.pathsep.join([folder, CHECKOUT]))


def test_numbers_for_keys(newer):
    prove(NAME, KEYS, good="{1: 'one', 2: 'two'}", bad="{}", env=newer, cold=True)


def test_the_pinned_one_needs_nothing(env):
    prove(NAME, KEYS, good="{1: 'one', 2: 'two'}", bad="", env=env, needed=False)


@pytest.mark.parametrize("kind", ["core", "pubsub"])
@pytest.mark.parametrize("turned", [False, True])
def test_old_and_new_processes_understand_each_other(env, newer, kind, turned):
    old = dict(env, PYTHONPATH=CHECKOUT)
    running = []
    try:
        for role, environ in zip(("first", "second"), (newer, old) if turned else (old, newer)):
            running.append(
                subprocess.Popen(
                    [sys.executable, "-W", "ignore", "-c", TALK, role, kind],
                    env=dict(os.environ, **environ),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    universal_newlines=True,
                )
            )
        said = [process.stdout.readline() for process in running]
        assert sorted(said) == ["ready 0\n", "ready 1\n"]
        for process in reversed(running):
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.stdout.readline() for process in running] == ["done\n"] * 2
        assert [process.wait(60) for process in running] == [0, 0]
    finally:
        for process in running:
            process.kill()
            process.communicate()
