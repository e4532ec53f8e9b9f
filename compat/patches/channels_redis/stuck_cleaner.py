"""
Do not wait for a received message to appear in the list of messages in flight: remove it.

Where that list had been emptied, the wait was without an end and held up the whole channel, which
for WebSockets is the one of their process. Without Redis the removal is tried again, so that the
message does not come twice.
https://github.com/django/channels_redis/issues/134
"""

import asyncio
import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.3.0,<3.0",
    symptom="after Redis was flushed or lost data, a process's WebSockets receive nothing",
)

PAUSES = (0.1, 0.2, 0.5, 1, 2, 4)


@patch.when_imported("channels_redis.core")
def repair(core):
    from ..._redis_outage import is_outage

    layer = core.RedisChannelLayer
    stock = layer._clean_receive_backup
    patch.expect("brpop" in stock.__code__.co_names, "_clean_receive_backup() does not block")

    @functools.wraps(stock)
    async def _clean_receive_backup(self, index, channel):
        for pause in PAUSES:
            try:
                return await remove(self, index, channel)
            except Exception as error:
                if isinstance(error, asyncio.CancelledError) or not is_outage(error):
                    raise
            await asyncio.sleep(pause)
        await remove(self, index, channel)

    patch.replace(layer, "_clean_receive_backup", _clean_receive_backup)


async def remove(layer, index, channel):
    async with layer.connection(index) as connection:
        await connection.rpop(layer._backup_channel_name(channel))
