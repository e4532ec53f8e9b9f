"""
Drop a message that cannot be read, and go on receiving.

Garbage, or a message encrypted with a key that this process does not have, ended the consumer that
happened to read for all of the process: the sender chose how many sockets to close.
https://github.com/django/channels_redis/blob/2.3.1/channels_redis/core.py
"""

import functools
import logging

from ..._throttle import Throttle
from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.3.0,<3.0",
    symptom="a message in Redis that cannot be decrypted closes a socket it was not meant for",
)

logger = logging.getLogger(__name__)
throttle = Throttle()


class Unreadable(Exception):
    """The bytes are no message."""


@patch.when_imported("channels_redis.core")
def repair(core):
    layer = core.RedisChannelLayer
    stock_read, stock_receive = layer.deserialize, layer.receive_single

    @functools.wraps(stock_read)
    def deserialize(self, content):
        try:
            message = stock_read(self, content)
        except Exception as error:  # of msgpack, of Fernet
            raise Unreadable("%s %s" % (type(error).__name__, error))
        if not isinstance(message, dict):
            raise Unreadable("it is not a dict")
        return message

    @functools.wraps(stock_receive)
    async def receive_single(self, channel):
        while True:
            try:
                return await stock_receive(self, channel)
            except Unreadable as error:
                throttle.log(
                    logger.warning,
                    "a message from Redis was dropped, it cannot be read: %s; do all processes "
                    "have the same symmetric_encryption_keys?",
                    error,
                )

    patch.replace(layer, "deserialize", deserialize)
    patch.replace(layer, "receive_single", receive_single)
