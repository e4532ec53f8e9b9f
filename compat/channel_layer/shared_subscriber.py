"""
The receiving end of notifications where the site has the pub/sub layer: one more member of groups.

It needs no connection of its own, and nothing waits for it in Redis.
"""

import asyncio
import logging
import random
from typing import Any, Callable, Set

from .._asyncio import end_task, start
from .._throttle import Throttle
from . import layers
from ._settings import NONE, NOTIFICATIONS, POSTGRESQL
from .notify import Message
from .subscriber import CALL_SECONDS, FIRST_PAUSE, JOIN_SECONDS, LONGEST_PAUSE, Subscriber

logger = logging.getLogger(__name__)

GOODBYE_SECONDS = 1.0


class Listener:
    """What stands for a Mailbox: messages are handed on, and none are kept."""

    heard = True

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_notification: Callable[[Message], Any],
        on_gap: Callable[[], Any],
        on_end: Callable[[], Any],
    ) -> None:
        self.loop, self.on_notification, self.on_gap = loop, on_notification, on_gap
        self.on_end = on_end
        self.groups: Set[str] = set()
        self.elsewhere: Set[str] = set()

    def put(self, message: Message, size: int, now: float) -> None:
        """Hand it on, when whoever hands it to us is done."""
        self.loop.call_soon(self.on_notification, message)

    def lose(self, number: int, why: str) -> None:
        """Some may have been missed."""
        self.on_gap()

    def is_full(self, size: int = 0) -> bool:
        """There is always room."""
        return False


class SharedSubscriber:
    """A Subscriber, on the layer of the site."""

    def __init__(
        self,
        layer: Any,
        on_notification: Callable[[Message], Any],
        on_return: Callable[[], Any],
    ) -> None:
        self.layer = layer
        # Called when notifications may have been missed: after an outage, or a late join.
        self.on_return = on_return
        self.loop = asyncio.get_event_loop()
        self.listener = Listener(self.loop, on_notification, on_return, self._ended)
        self.fan_out: Any = None
        self.name = ""
        self.groups: Set[str] = set()
        self.owed: Set[str] = set()  # groups that are being left
        self.tasks: Set[asyncio.Future[Any]] = set()
        self.stopped = False
        self.throttle = Throttle()

    async def join(self, group: str) -> None:
        """Be told of the group: at once, or, where the layer does not answer, when it does."""
        self.groups.add(group)
        await asyncio.wait([self._later(self._join(group))], timeout=JOIN_SECONDS)

    async def leave(self, group: str) -> None:
        """Stop being told of the group."""
        self.groups.discard(group)
        if self.fan_out is None or group not in self.listener.groups:
            return
        self.owed.add(group)  # should the process end before Redis knows
        try:
            await asyncio.wait_for(self.fan_out.leave(group, self.name), CALL_SECONDS)
            self.owed.discard(group)
        except asyncio.CancelledError:  # an Exception before Python 3.8
            raise
        except Exception as error:
            logger.debug("%s is left to expire: %s: %s", group, type(error).__name__, error)

    def renew(self, group: str) -> None:
        """Join again, some time soon, a group whose notifications do not come."""
        if self.fan_out is not None and group in self.listener.groups:
            self._later(self.fan_out.renew(group))

    async def stop(self) -> None:
        """Leave all groups, and end the tasks; the connections are the layer's."""
        self.stopped = True
        for task in list(self.tasks):
            await end_task(task)
        for group in tuple(self.groups):
            await self.leave(group)
        if self.fan_out is not None:
            self.fan_out.remove_listener(self.name)

    def leave_at_exit(self) -> None:
        """Take our marks out of the groups; our event loop is not running any more."""
        if self.fan_out is not None and not self.fan_out.stopped:
            try:
                plan = self.fan_out.goodbye(self.listener.groups | self.owed)
                self.layer._blocking.follow(plan, GOODBYE_SECONDS)
            except Exception as error:
                logger.debug("groups are left to expire: %s: %s", type(error).__name__, error)

    async def _join(self, group: str) -> None:
        began, pause = self.loop.time(), FIRST_PAUSE
        while group in self.groups and not self.stopped:
            try:
                await self._on_fan_out().listen(group, self.name)
                break
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self.throttle.log(
                    logger.warning,
                    "channel layer: %s: %s; changes are found by polling meanwhile",
                    type(error).__name__,
                    error,
                )
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
            pause = min(pause * 2, LONGEST_PAUSE)
        if self.loop.time() - began > JOIN_SECONDS * 0.9:
            self.on_return()  # nobody has waited for it

    def _on_fan_out(self) -> Any:
        """The layer's, where our listener is known."""
        found = self.layer._fan_out()
        if found is not self.fan_out:
            self.listener.groups.clear()
            self.fan_out, self.name = found, found.add_listener(self.listener)
        return found

    def _ended(self) -> None:
        """Somebody has closed the layer's connections, or flushed it: they are needed again."""
        if not self.stopped and not self.loop.is_closed():
            for group in self.groups:
                self._later(self._join(group))

    def _later(self, coroutine: Any) -> "asyncio.Future[Any]":
        return start(self.loop, coroutine, self.tasks, logger, "a group was not renewed")


def subscribe(on_notification: Callable[[Message], Any], on_return: Callable[[], Any]) -> Any:
    """A Subscriber of the running event loop to what carries notifications, or None."""
    way = NOTIFICATIONS()
    if way == POSTGRESQL:
        from . import postgresql_subscriber

        return postgresql_subscriber.subscribe(on_notification, on_return)
    if way == NONE:
        return None
    site = layers.network_layer()
    if hasattr(site, "notify_now") and site._fan_out() is not None:
        return SharedSubscriber(site, on_notification, on_return)
    layer = layers.own_layer()
    return None if layer is None else Subscriber(layer, on_notification, on_return)
