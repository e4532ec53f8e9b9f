"""What a runworker process does with the messages that it has read."""

import asyncio
import contextlib
import signal

from ..._asyncio import end_task


class Inbox(asyncio.Queue):
    """The messages for a consumer; `current`: the one that it has taken last and not finished."""

    current = None

    async def get(self):
        self.current = None  # whoever asks for more has handled it
        message = await super(Inbox, self).get()
        self.current = message
        return message

    @property
    def idle(self):
        """Whether all that was put in has been handled."""
        return self.current is None and self.empty()


class Lane(object):
    """The messages of one channel and the consumer that handles them; another when it fails."""

    def __init__(self, worker, channel, logger):
        self.worker = worker
        self.channel = channel
        self.scope = {"type": "channel", "channel": channel}
        self.logger = logger
        self.inbox = Inbox()
        self.task = None

    def put(self, message):
        """Have a message handled after those before it."""
        if not message.get("type"):
            self.logger.error("A message without a type on channel %s: %r", self.channel, message)
            return
        self.inbox.put_nowait(message)
        self.start()

    def start(self):
        """Have a consumer while there is something to handle."""
        while self.task is None and not self.inbox.empty():
            try:
                instance = self.worker.application(scope=self.scope)
                self.task = asyncio.ensure_future(instance(receive=self.inbox.get, send=self.send))
            except Exception:
                message = self.inbox.get_nowait()
                self.logger.exception(
                    "No consumer for a message on channel %s: %r", self.channel, message["type"]
                )
            else:
                self.task.add_done_callback(self.ended)

    def send(self, message):
        return self.worker.application_send(self.scope, message)

    def ended(self, task):
        message, self.inbox.current = self.inbox.current, None
        self.task = None
        if not task.cancelled() and task.exception() is not None:
            self.logger.error(
                "Exception in the consumer of channel %s, message %r",
                self.channel,
                message and message["type"],
                exc_info=task.exception(),
            )
        self.start()

    async def stop(self):
        """End the consumer; the messages that it has not begun with."""
        left = []
        while not self.inbox.empty():
            left.append(self.inbox.get_nowait())
        if self.task is not None:
            if self.inbox.current is not None:
                self.logger.warning(
                    "Cut off at stop: the consumer of channel %s, message %r",
                    self.channel,
                    self.inbox.current["type"],
                )
            await end_task(self.task)
        return left


async def work(worker, limit, logger):
    """Handle what comes on a worker's channels until a signal, or an error of the layer's."""
    lanes = [Lane(worker, channel, logger) for channel in worker.channels]
    worker.compat_lanes = {lane.channel: lane for lane in lanes}
    told = asyncio.Event()
    readers = [asyncio.ensure_future(worker.listener(channel)) for channel in worker.channels]
    with signals(told.set):
        stop = asyncio.ensure_future(told.wait())
        try:
            await asyncio.wait(readers + [stop], return_when=asyncio.FIRST_COMPLETED)
        finally:
            failed = [reader for reader in readers if reader.done()]
            for task in readers + [stop]:
                await end_task(task)
            await finish(lanes, worker.channel_layer, limit, logger)
    for reader in failed:
        reader.result()  # the process ends with the error, and its supervisor starts another


@contextlib.contextmanager
def signals(tell):
    """Have SIGTERM and SIGINT call `tell()` the first time, where the site has no handler."""
    loop = asyncio.get_event_loop()
    taken = []

    def first(signum):
        release()  # the second ends the process
        tell()

    def release():
        for signum in taken:
            loop.remove_signal_handler(signum)
        del taken[:]

    for signum, default in (
        (signal.SIGTERM, signal.SIG_DFL),
        (signal.SIGINT, signal.default_int_handler),
    ):
        if signal.getsignal(signum) == default:
            try:
                loop.add_signal_handler(signum, first, signum)
            except (NotImplementedError, RuntimeError, ValueError):
                continue  # not the main thread
            taken.append(signum)
    try:
        yield
    finally:
        release()


async def finish(lanes, layer, limit, logger):
    """Handle what has been read, for `limit` seconds; what is left then goes back to the layer."""
    loop = asyncio.get_event_loop()
    until = loop.time() + limit
    while loop.time() < until and not all(lane.inbox.idle for lane in lanes):
        await asyncio.sleep(0.02)
    for lane in lanes:
        for message in await lane.stop():
            try:
                await layer.send(lane.channel, message)
            except Exception:
                logger.exception("A message is lost on channel %s: %r", lane.channel, message)
    if hasattr(layer, "wait_received"):
        await layer.wait_received()  # else another process reads again what has been handled
