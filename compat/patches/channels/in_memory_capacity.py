"""
Give each channel of InMemoryChannelLayer the capacity that `channel_capacity` sets for its name.
https://github.com/django/channels/pull/1976
"""

import copy
import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.1,<4.2",
    symptom="InMemoryChannelLayer ignores channel_capacity, every channel holds `capacity`",
)


@patch.when_imported("channels.layers")
def repair(layers):
    layer = layers.InMemoryChannelLayer
    stock_init, stock_send = layer.__init__, layer.send
    patch.expect(
        stock_send.__module__ == layers.__name__, "InMemoryChannelLayer.send() is not channels' own"
    )

    @functools.wraps(stock_init)
    def __init__(self, *args, **kwargs):
        stock_init(self, *args, **kwargs)
        if isinstance(self.channel_capacity, dict):  # upstream leaves its patterns uncompiled
            self.channel_capacity = self.compile_capacities(self.channel_capacity)

    @functools.wraps(stock_send)
    async def send(self, channel, message):
        # A name that is no string is for upstream to refuse.
        capacity = self.get_capacity(channel) if isinstance(channel, str) else self.capacity
        if capacity != self.capacity:
            self = copy.copy(self)  # with the same channels
            self.capacity = capacity
        await stock_send(self, channel, message)

    patch.replace(layer, "__init__", __init__)
    patch.replace(layer, "send", send)
