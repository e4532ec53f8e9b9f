"""
Send to a WebSocket's channel through the Redis server on which its process waits.

With several `hosts` the server is chosen by a hash: of the channel's full name when sending, of
the part that its whole process shares when receiving. Both mean the shared part now.
https://github.com/django/channels/issues/1492
"""

import functools
import inspect

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.2.0,<3.0",
    symptom="with two or more hosts, messages sent to a channel by its name do not arrive",
)


@patch.when_imported("channels_redis.core")
def repair(core):
    layer = core.RedisChannelLayer
    stock = layer.consistent_hash
    for user in (layer.send, layer.receive_single):
        patch.expect(
            "consistent_hash" in inspect.unwrap(user).__code__.co_names,
            "%s() does not choose a host by consistent_hash()" % user.__name__,
        )

    @functools.wraps(stock)
    def consistent_hash(self, value):
        if isinstance(value, str) and "!" in value:  # no group's name has one
            value = self.non_local_name(value)
        return stock(self, value)

    patch.replace(layer, "consistent_hash", consistent_hash)
