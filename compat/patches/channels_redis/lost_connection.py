"""
Receive again when Redis is back, instead of failing the consumer that waits.

Until then the waiting ones try again with growing pauses; so they do while Redis refuses to serve
us: it has no room, cannot save, or was given another password. Nothing is repeated: a message that
Redis had handed out is still in its list of messages in flight.
https://github.com/django/channels_redis/issues/20
"""

import asyncio
import functools
import logging
import random

from ..._throttle import Throttle
from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.3.0,<3.0",
    symptom="when Redis is restarted, every WebSocket is closed and every worker ends",
)

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 3.0

logger = logging.getLogger(__name__)
away, refusing = Throttle(), Throttle()


@patch.when_imported("channels_redis.core")
def repair(core):
    from ..._redis_outage import is_outage, is_refusal

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
                complain(error, is_refusal(error))
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
            pause = min(pause * 2, LONGEST_PAUSE)

    patch.replace(layer, "receive_single", receive_single)


def complain(error, refused):
    """A refusal has a line of its own: it may come when a lost connection was just told of."""
    throttle, what, until = away, "is away", "it is back"
    if refused:
        throttle, what, until = refusing, "refuses us", "it serves us"
    throttle.log(
        logger.warning,
        "Redis %s, messages are received when %s: %s: %s",
        what,
        until,
        type(error).__name__,
        error,
    )
