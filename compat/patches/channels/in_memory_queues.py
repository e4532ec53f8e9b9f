"""
Keep a channel of InMemoryChannelLayer exactly while it holds a message or somebody receives.

Upstream keeps what a cancelled receive() or an expired message leaves empty, and takes the queue
away from those who still wait on it when flush() or another receive() is done with it.
https://github.com/django/channels/issues/1574
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.1,<3.0.4",
    symptom="InMemoryChannelLayer grows with every closed WebSocket; flush() strands a receive()",
)


@patch.when_imported("channels.layers")
def repair(layers):
    layer, Queue = layers.InMemoryChannelLayer, layers.asyncio.Queue
    stock_receive, stock_clean, stock_flush = layer.receive, layer._clean_expired, layer.flush
    for stock in (stock_receive, stock_clean, stock_flush):
        patch.expect(
            stock.__module__ == layers.__name__, "%s() is not channels' own" % stock.__name__
        )

    async def receive(self, channel):
        queue = self.channels.setdefault(channel, Queue())
        queue.receivers = receivers(queue) + 1
        try:
            return await stock_receive(self, channel)
        finally:
            queue.receivers -= 1
            keep_or_drop(self.channels, channel, queue)

    def _clean_expired(self):
        stock_clean(self)
        for channel, queue in list(self.channels.items()):
            if queue.empty() and not receivers(queue):
                self.channels.pop(channel, None)

    async def flush(self):
        waited_for = {name: queue for name, queue in self.channels.items() if receivers(queue)}
        for queue in waited_for.values():
            while not queue.empty():
                queue.get_nowait()
        await stock_flush(self)
        for channel, queue in waited_for.items():
            self.channels.setdefault(channel, queue)

    patch.replace(layer, "receive", receive)
    patch.replace(layer, "_clean_expired", _clean_expired)
    patch.replace(layer, "flush", flush)


def keep_or_drop(channels, channel, queue):
    """After a receive(): a channel is there while somebody else receives, or a message waits."""
    if queue.receivers:
        channels.setdefault(channel, queue)  # upstream dropped it for being empty
    elif queue.empty() and channels.get(channel) is queue:
        del channels[channel]


def receivers(queue):
    """How many are in receive() on this queue."""
    return getattr(queue, "receivers", 0)
