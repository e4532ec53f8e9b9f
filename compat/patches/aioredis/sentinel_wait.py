"""
Hand tasks to `asyncio.wait()`, which no longer takes coroutines.
https://docs.python.org/3/whatsnew/3.11.html#removed
"""

from ...patching.patch import Patch
from ...patching.stand_in import StandIn

patch = Patch(
    __name__,
    package="aioredis",
    versions=">=1.0,<2.0",
    python=">=3.11",
    symptom="connecting through Redis Sentinel fails: Passing coroutines is forbidden",
)


@patch.when_imported("aioredis.sentinel.pool")
def repair(pool):
    asyncio = pool.asyncio

    def wait(awaitables, **options):
        tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
        return asyncio.wait(tasks, **options)

    patch.replace(pool, "asyncio", StandIn(asyncio, wait=wait))
