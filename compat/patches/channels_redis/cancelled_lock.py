"""
Forget a reader that is cancelled while it waits for its turn at a channel's lock.
https://github.com/django/channels_redis/issues/134
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.3.0,<3.0",
    symptom="locks of channels that nobody reads any more fill the memory",
)


@patch.when_imported("channels_redis.core")
def repair(core):
    lock = core.ChannelLock
    stock = lock.acquire

    @functools.wraps(stock)
    async def acquire(self, channel):
        try:
            return await stock(self, channel)
        except BaseException:  # cancelled while it waited: it waits no longer
            self.wait_counts[channel] -= 1
            if not self.wait_counts[channel]:
                del self.wait_counts[channel], self.locks[channel]
            raise

    patch.replace(lock, "acquire", acquire)
