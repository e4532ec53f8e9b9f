"""
Where a consumer's messages wait, to be taken without a task for each: see channels.message_tasks.

An inbox has take(), which returns the next message or NOTHING; `waiters`, a deque of futures, of
which the first that is not done gets a result when there is a message; wake(), which does so for
the next one if a message waits; and `refusal`: None, or a function of a message that returns None
or a coroutine, to be awaited in place of handing the message on.

A method is known by the attribute `inbox` of its function, which is called with what the method
would be called with, and returns an inbox or None.
"""

import asyncio
import functools

NOTHING = object()


def inbox_of(receive):
    """What receive() reads from, or None where nobody knows."""
    arguments = ()
    if type(receive) is functools.partial and not receive.keywords:
        receive, arguments = receive.func, receive.args
    owner, function = getattr(receive, "__self__", None), getattr(receive, "__func__", None)
    if function is asyncio.Queue.get:
        return QueueInbox(owner) if type(owner) is asyncio.Queue and not arguments else None
    make = getattr(function, "inbox", None)
    return None if make is None else make(owner, *arguments)


class QueueInbox(object):
    """An asyncio.Queue: its get(), in halves."""

    __slots__ = ("queue", "waiters")

    refusal = None

    def __init__(self, queue):
        self.queue, self.waiters = queue, queue._getters

    def take(self):
        queue = self.queue
        if not queue._queue and not getattr(queue, "_is_shutdown", False):
            return NOTHING
        return queue.get_nowait()

    def wake(self):
        if not self.queue.empty():
            self.queue._wakeup_next(self.waiters)


class Sifted(object):
    """Another inbox, of which refusal(message) holds some messages back."""

    __slots__ = ("take", "waiters", "wake", "refusal")

    def __init__(self, inbox, refusal):
        self.take, self.waiters, self.wake = inbox.take, inbox.waiters, inbox.wake
        self.refusal = refusal


def sifted(receive, refusal):
    """The Sifted of what receive() reads from; None where that is not known, or sifted itself."""
    inbox = inbox_of(receive)
    return None if inbox is None or inbox.refusal is not None else Sifted(inbox, refusal)
