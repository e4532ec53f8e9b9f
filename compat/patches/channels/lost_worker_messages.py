"""
Handle every message that a runworker process has read, whatever becomes of the one before it.

A worker reads ahead. When a consumer failed, all that it had not handled was forgotten; when one
could not be made, or a message had no type, its channel was never read again, without a word; and
SIGTERM ended the process with all that it had read. Now the error is logged, the next message goes
to another consumer, and a stop first handles what has been read, within COMPAT_DRAIN_SECONDS; what
is left goes back to its channel. A channel layer that fails ends the process with its error.
https://github.com/django/channels/issues/1203
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.1.2,<3.0",
    symptom="one message that fails, or a restart of runworker, loses those that came after it",
)


@patch.when_imported("channels.worker")
def repair(worker):
    import logging

    from ..daphne.graceful_stop import drain_seconds
    from ._worker import work

    stock_handle, stock_listener = worker.Worker.handle, worker.Worker.listener
    names = set(stock_listener.__code__.co_names)
    patch.expect({"channel_layer", "receive"} <= names, "listener() is another")
    logger = logging.getLogger(worker.__name__)

    @functools.wraps(stock_handle)
    async def handle(self):
        await work(self, drain_seconds(), logger)

    @functools.wraps(stock_listener)
    async def listener(self, channel):
        while True:
            self.compat_lanes[channel].put(await self.channel_layer.receive(channel))

    patch.replace(worker.Worker, "handle", handle)
    patch.replace(worker.Worker, "listener", listener)
