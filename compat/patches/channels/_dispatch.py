"""From where a consumer's messages wait to its handlers: one wait for all, no task for each."""

import asyncio
import time
from collections import deque
from concurrent.futures import CancelledError

from ..._inboxes import NOTHING, inbox_of

STEP = 0.001  # seconds that one consumer may go on before it is others' turn
ENDED = (asyncio.CancelledError, CancelledError)


class TaskInbox(object):
    """What calling `receive` returns; called again once its message was handled."""

    refusal = None

    def __init__(self, receive, loop):
        self.receive, self.loop = receive, loop
        self.waiters = deque()
        self.start()

    def start(self):
        self.taken = False
        self.task = self.loop.create_task(self.receive())
        self.task.add_done_callback(self.wake)

    def take(self):
        if self.taken or not self.task.done():
            return NOTHING
        message = self.task.result()
        self.taken = True
        return message

    def wake(self, task=None):
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def end(self):
        self.task.cancel()
        try:
            await self.task
        except ENDED:
            pass


class Sources(object):
    """
    What one consumer reads from, each in its turn.

    `known` tells whether there is any that needs no task.
    """

    def __init__(self, receives):
        self.loop = asyncio.get_event_loop()
        found = [inbox_of(receive) for receive in receives]
        self.known = any(inbox is not None for inbox in found)
        self.inboxes, self.tasks = found, []
        self.receives = receives

    def start(self):
        for place, inbox in enumerate(self.inboxes):
            if inbox is None:
                self.inboxes[place] = TaskInbox(self.receives[place], self.loop)
                self.tasks.append(self.inboxes[place])

    def handled(self):
        """All that was taken is done with."""
        for task in self.tasks:
            if task.taken:
                task.start()

    async def end(self):
        for task in self.tasks:
            await task.end()

    def listen(self):
        """A future that is done when one of them may have a message."""
        waiter = self.loop.create_future()
        for inbox in self.inboxes:
            inbox.waiters.append(waiter)
        return waiter

    def pass_on(self, waiter):
        """Who was to wait for it does not: it is for the next one."""
        if waiter.done() and not waiter.cancelled():
            for inbox in self.inboxes:
                inbox.wake()

    def forget(self, waiter):
        for inbox in self.inboxes:
            if inbox.waiters:
                try:
                    inbox.waiters.remove(waiter)
                except ValueError:
                    pass

    async def each(self, dispatch):
        """Hand on each message as it comes."""
        inboxes, monotonic = self.inboxes, time.monotonic
        until = 0
        while True:
            idle = True
            for inbox in inboxes:
                message = inbox.take()
                if message is NOTHING:
                    continue
                idle = False
                refusal = inbox.refusal and inbox.refusal(message)
                await (dispatch(message) if refusal is None else refusal)
                if self.tasks:
                    self.handled()
            if idle:
                # Not in a coroutine of its own, of which there would be one for each idle socket.
                message = refusal = None
                waiter = self.listen()
                try:
                    await waiter
                except BaseException:
                    self.pass_on(waiter)
                    raise
                finally:
                    self.forget(waiter)
                until = monotonic() + STEP
            elif monotonic() > until:
                await asyncio.sleep(0)
                until = monotonic() + STEP

    async def wait(self):
        """Until one of them may have a message."""
        waiter = self.listen()
        try:
            await waiter
        except BaseException:
            self.pass_on(waiter)
            raise
        finally:
            self.forget(waiter)

    async def batches(self, batch):
        """Hand on what is there together, to threads."""
        waiting = deque()
        while True:
            await self.collect(waiting, batch.MOST)
            if waiting:
                for _ in range(await batch.hand_on(list(waiting))):
                    waiting.popleft()
                if not waiting:
                    self.handled()
            else:
                await self.wait()

    async def collect(self, waiting, most):
        """Append what is there, one of each in turn."""
        more = True
        while more and len(waiting) < most:
            more = False
            for inbox in self.inboxes:
                message = inbox.take()
                if message is NOTHING:
                    continue
                more = True
                refusal = inbox.refusal and inbox.refusal(message)
                if refusal is None:
                    waiting.append(message)
                else:
                    await refusal
