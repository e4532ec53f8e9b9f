"""
Receive a message once when several processes read the same channel.

While a process takes a message, Redis keeps it in a second list, and whoever reads the channel
next puts what it finds there back. That list was one for all; now each process has its own, so
that only the messages of its own cancelled reads come back, as the oldest, which they are.
A message that is being taken when its process is killed is lost with it.
https://github.com/django/channels_redis/issues/163
"""

import asyncio
import functools
import logging
import os
import uuid

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.3.0,<3.0",
    symptom="two workers on one channel: messages are handled twice",
)

GIVE_BACK = """
local found = redis.call('LPOP', KEYS[1])
while found do
    redis.call('RPUSH', KEYS[2], found)
    redis.call('EXPIRE', KEYS[2], ARGV[1])
    found = redis.call('LPOP', KEYS[1])
end
"""

logger = logging.getLogger(__name__)


@patch.when_imported("channels_redis.core")
def repair(core):
    layer = core.RedisChannelLayer
    stock_name, stock_pop = layer._backup_channel_name, layer._brpop_with_clean

    @functools.wraps(stock_name)
    def _backup_channel_name(self, channel):
        pid, owner = vars(self).get("_inflight_owner", (None, None))
        if pid != os.getpid():
            owner = uuid.uuid4().hex
            self._inflight_owner = os.getpid(), owner
        return "%s.%s" % (stock_name(self, channel), owner)

    @functools.wraps(stock_pop)
    async def _brpop_with_clean(self, index, channel, timeout):
        try:
            return await stock_pop(self, index, channel, timeout=timeout)
        except BaseException:
            task = asyncio.ensure_future(give_back(self, index, channel))
            self.receive_cleaners.append(task)  # what wait_received() waits for
            task.add_done_callback(self.receive_cleaners.remove)
            raise

    patch.replace(layer, "_backup_channel_name", _backup_channel_name)
    patch.replace(layer, "_brpop_with_clean", _brpop_with_clean)


async def give_back(layer, index, channel):
    """Return what was taken when the read was cancelled; another process may be waiting for it."""
    locks = layer.receive_clean_locks
    if locks.wait_counts.get(channel):
        return  # the next reader of this process is there already, and it begins with that
    await locks.acquire(channel)
    try:
        async with layer.connection(index) as connection:
            backup = layer._backup_channel_name(channel)
            await connection.eval(GIVE_BACK, keys=[backup, channel], args=[int(layer.expiry)])
    except asyncio.CancelledError:
        raise
    except Exception as error:
        logger.debug("left for the next read: %s: %s", type(error).__name__, error)
    finally:
        locks.release(channel)
