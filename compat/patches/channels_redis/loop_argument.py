"""
Connect to Redis without naming the event loop, which is the running one.
https://github.com/aio-libs/aioredis-py/blob/v1.3.1/CHANGES.txt
"""

from ...patching.patch import Patch
from ...patching.stand_in import StandIn

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.0,<3.0",
    python=">=3.8",
    requires={"aioredis": ">=1.3,<2.0"},
    symptom="DeprecationWarning: The loop argument is deprecated; under -W error Redis is not used",
)


@patch.when_imported("channels_redis.core")
def repair(core):
    aioredis = core.aioredis

    async def create_redis(address, loop=None, **options):
        return await aioredis.create_redis(address, **options)

    patch.replace(core, "aioredis", StandIn(aioredis, create_redis=create_redis))
