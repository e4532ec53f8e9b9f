"""The receiving end of notifications where they come from PostgreSQL."""

import asyncio
import logging
from typing import Any, Callable, Dict, List, Set

from .._throttle import Throttle
from . import listening, postgresql
from .notify import Message
from .subscriber import JOIN_SECONDS

logger = logging.getLogger(__name__)
throttle = Throttle(600.0)  # somebody subscribes whenever the first reader comes


class PostgresqlSubscriber:
    """A Subscriber of one event loop, on the connection of the process."""

    def __init__(
        self,
        on_notification: Callable[[Message], Any],
        on_return: Callable[[], Any],
    ) -> None:
        self.on_notification, self.on_return = on_notification, on_return
        self.loop = asyncio.get_event_loop()
        self.groups: Set[str] = set()
        self.listens = False
        self.told = asyncio.Event()  # whether it listens
        # Some may have been missed: somebody joined, or had, while nothing was heard.
        self.gap = False
        self.listening = listening.enter(self)

    async def join(self, group: str) -> None:
        """Be told of the group: at once, or, where the server does not answer, when it does."""
        self.groups.add(group)
        self.listening.join(group, self)
        try:
            await asyncio.wait_for(self.told.wait(), JOIN_SECONDS)
        except asyncio.TimeoutError:
            pass
        self.gap = self.gap or not self.listens

    async def leave(self, group: str) -> None:
        """Stop being told of the group."""
        self.groups.discard(group)
        self.listening.leave(group, self)

    def renew(self, group: str) -> None:
        """An entry of the group was found by polling."""
        self.listening.missed()

    async def stop(self) -> None:
        """Leave all groups, and the connection."""
        self.groups.clear()
        listening.leave(self.listening, self)

    def leave_at_exit(self) -> None:
        """The server forgets us when the connection ends."""
        listening.goodbye(self.listening)

    # Called by the thread that listens; whether our loop is there

    def came(self, messages: List[Dict[str, Any]]) -> bool:
        """Some notifications."""
        return self._on_loop(self._came, messages)

    def up(self) -> bool:
        """From now on none is missed."""
        return self._on_loop(self._up)

    def down(self) -> bool:
        """Nothing is heard at the moment."""
        return self._on_loop(self._down)

    def _on_loop(self, function: Callable[..., Any], *args: Any) -> bool:
        try:
            self.loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            return False  # it was closed without a goodbye
        return True

    def _came(self, messages: List[Dict[str, Any]]) -> None:
        for message in messages:
            # One that makes trouble is not in the way of the others.
            self.loop.call_soon(self.on_notification, message)

    def _up(self) -> None:
        self.listens = True
        self.told.set()
        if self.gap:
            self.gap = False
            self.on_return()

    def _down(self) -> None:
        self.listens = False
        self.told.set()
        self.gap = self.gap or bool(self.groups)


def subscribe(on_notification: Callable[[Message], Any], on_return: Callable[[], Any]) -> Any:
    """A PostgresqlSubscriber for the running event loop, or None where there is no PostgreSQL."""
    try:
        postgresql.connection()
    except Exception as error:
        throttle.log(logger.warning, "entries are found by polling only: %s", error)
        return None
    return PostgresqlSubscriber(on_notification, on_return)
