"""Messages of a synchronous consumer that are there together, in one hop into a thread."""

import sys
import time


class Batch(object):
    """A consumer of `dispatch`, the SyncToAsync of SyncConsumer's own dispatch()."""

    MOST = 32  # messages of one hop
    SECONDS = 0.005  # after which a hop begins no other message

    def __init__(self, dispatch, consumer):
        self.dispatch, self.consumer = dispatch, consumer
        self.call = type(dispatch)(self.run)
        self.stopped = False

    async def hand_on(self, messages):
        """How many of the messages were handled."""
        try:
            return await self.call(messages)
        except BaseException:
            self.stopped = True  # its thread goes on, if this was cancelled
            raise

    def run(self, messages):
        from django.db import close_old_connections

        until = time.monotonic() + self.SECONDS
        handle = self.dispatch.func
        for number, message in enumerate(messages):
            if number:
                if self.stopped or time.monotonic() > until:
                    return number
                close_old_connections()  # as between two hops
            handle(self.consumer, message)
        return len(messages)


def batch_of(dispatch):
    """The Batch of a `dispatch` that is SyncConsumer's own; None for any other."""
    consumer = sys.modules.get("channels.consumer")
    stock = vars(consumer.SyncConsumer).get("dispatch") if consumer else None
    owner = getattr(getattr(dispatch, "func", None), "__self__", None)
    arguments = getattr(dispatch, "args", ())
    if stock is None or owner is not stock or len(arguments) != 1 or dispatch.keywords:
        return None
    return Batch(stock, arguments[0])
