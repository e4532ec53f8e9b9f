"""A real Redis behind a real Sentinel."""

import sys

import pytest

from tests.support.probe import prove, source
from tests.support.sentinels import start_sentinels


@source
def code():
    import asyncio
    import os

    import aioredis

    async def main():
        sentinel = await aioredis.create_sentinel(
            [("127.0.0.1", int(os.environ["PORT"]))], timeout=10
        )
        master = sentinel.master_for("mymaster")
        await master.set("key", "value")
        print(await master.get("key", encoding="utf-8"))
        sentinel.close()
        await sentinel.wait_closed()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


@pytest.fixture
def sentinel(tmp_path):
    servers = start_sentinels(tmp_path, count=1)
    yield servers.sentinels[0]
    servers.stop()


def test_redis_is_found_through_sentinel(sentinel):
    prove(
        "aioredis.sentinel_wait",
        code,
        good="value",
        bad="Passing coroutines is forbidden",
        needed=sys.version_info >= (3, 11),
        env={"PORT": str(sentinel.port)},
    )
