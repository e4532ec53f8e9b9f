"""What an event loop has one of while somebody needs it, and that gets notifications."""

import asyncio
import atexit
import os
from typing import Any, Coroutine, Dict, Set, Tuple, Type, TypeVar

from .._asyncio import is_current
from .._throttle import Throttle
from . import notify
from .notify import Message
from .shared_subscriber import subscribe

P = TypeVar("P", bound="PerLoop")

_current: "Dict[Tuple[type, int], PerLoop]" = {}
# Nobody needs them any more, and they may still be members of groups.
_stopping: "Set[PerLoop]" = set()


class PerLoop:
    """
    One for each event loop and subclass; exists from current() to retire().

    Subclasses say TYPE, the type of the notifications that they want, from this process and others.
    """

    TYPE = ""

    @classmethod
    def current(cls: Type[P]) -> P:
        """The running loop's, made when there is none."""
        loop = asyncio.get_event_loop()
        for one in list(_current.values()) + list(_stopping):
            # Of the parent, before a fork; or closed without a goodbye.
            if one.pid != os.getpid() or one.loop.is_closed():
                one._forget()
                _stopping.discard(one)
        found = _current.get((cls, id(loop)))
        if found is None:
            found = _current[cls, id(loop)] = cls(loop)
        return found  # type: ignore[return-value]

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.pid = os.getpid()
        self.closed = False
        self.throttle = Throttle()
        self.tasks: Set[asyncio.Future[Any]] = set()
        self.subscriber = subscribe(self._received, self.on_return)
        notify.listen(self.TYPE, self._sent_here)

    # For subclasses

    def on_notification(self, message: Message) -> None:
        """Called on the loop with every message of TYPE."""
        raise NotImplementedError

    def on_return(self) -> None:
        """Called on the loop when some may have been missed."""

    async def stop(self) -> None:
        """End what the subclass began."""

    # For everybody

    async def join(self, group: str) -> None:
        """Have the group's notifications sent to us; does not wait long for a layer that hangs."""
        if self.subscriber is not None:
            await self.subscriber.join(group)

    def is_current(self) -> bool:
        """Whether current() may still return it."""
        return _current.get((type(self), id(self.loop))) is self

    def later(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """A task that is waited for at the end."""
        task = self.loop.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def retire(self) -> "asyncio.Task[Any]":
        """Nobody needs it any more: who comes gets a new one. Returns the task that ends it."""
        self._forget()
        _stopping.add(self)
        return self.later(self._retire())

    async def _retire(self) -> None:
        self.closed = True
        await self.stop()
        others = [task for task in self.tasks if not is_current(task)]
        if others:
            await asyncio.wait(others)
        if self.subscriber is not None:
            await self.subscriber.stop()
        _stopping.discard(self)

    def _forget(self) -> None:
        notify.unlisten(self.TYPE, self._sent_here)
        if self.is_current():
            del _current[type(self), id(self.loop)]

    def _sent_here(self, message: Message) -> None:
        """A notification sent in this process, from any thread."""
        if self.pid == os.getpid():
            try:
                self.loop.call_soon_threadsafe(self.on_notification, message)
            except RuntimeError:
                # The loop was closed without a goodbye; current() will notice.
                notify.unlisten(self.TYPE, self._sent_here)

    def _received(self, message: Message) -> None:
        if message.get("type") == self.TYPE:
            self.on_notification(message)


def _say_goodbye() -> None:
    """At the end of the process: take our queues out of the groups that are still joined."""
    for one in list(_current.values()) + list(_stopping):
        if one.pid == os.getpid() and one.subscriber is not None:
            one.subscriber.leave_at_exit()


atexit.register(_say_goodbye)
