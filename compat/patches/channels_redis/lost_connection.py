"""
Receive again when Redis is back, instead of failing the consumer that waits.

Until then the waiting ones try again with growing pauses. Nothing is repeated: a message that
Redis had handed out is still in its list of messages in flight.
https://github.com/django/channels_redis/issues/20
"""

import asyncio
import functools
import logging
import random

from ...patch import Patch
from ...throttle import Throttle

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.3.0,<3.0",
    symptom="when Redis is restarted, every WebSocket is closed and every worker ends",
)

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 3.0

logger = logging.getLogger(__name__)
throttle = Throttle()


@patch.when_imported("channels_redis.core")
def repair(core):
    from ...redis_outage import is_outage

    layer = core.RedisChannelLayer
    stock = layer.receive_single

    @functools.wraps(stock)
    async def receive_single(self, channel):
        pause = FIRST_PAUSE
        while True:
            try:
                return await stock(self, channel)
            except Exception as error:
                # An Exception before Python 3.8.
                if isinstance(error, asyncio.CancelledError) or not is_outage(error):
                    raise
                throttle.log(
                    logger.warning,
                    "Redis is away, messages are received when it is back: %s: %s",
                    type(error).__name__,
                    error,
                )
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
            pause = min(pause * 2, LONGEST_PAUSE)

    patch.replace(layer, "receive_single", receive_single)
