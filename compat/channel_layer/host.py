"""One Redis for one event loop: what is asked of it, subscribed there, and waits in lists there."""

import asyncio
import logging
import random
import time
from typing import Any, Callable, Dict, List, Optional, Set

from .._asyncio import end_task
from .._throttle import Throttle
from .connections import Commands, end_connection
from .plans import DRAIN, LEAVE, MARK_GROUPS, Script
from .subscription import FIRST_PAUSE, LONGEST_PAUSE, Receive, Subscription

logger = logging.getLogger(__name__)

WAIT_SECONDS = 5
# Marks in the groups count for so long; renewed well before, or when Redis has lost its data.
MARK_SECONDS = 900
GROUPS_AT_ONCE = 500


class Host:
    """
    on_list(content): a message that waited in a list of ours, which are channels_redis'.
    on_return(): some that were published may have been missed.
    """

    def __init__(
        self,
        layer: Any,
        index: int,
        name: str,
        on_list: Callable[[bytes], Any],
        on_return: Callable[[], Any],
    ) -> None:
        self.layer, self.pool, self.name = layer, layer.pools[index], name
        self.on_list = on_list
        self.commands = Commands(self.pool)
        beat = "%s@beat.%s" % (layer.prefix, name)
        self.subscription = Subscription(self.pool, beat, self._beat, on_return)
        self.lists: List[str] = []
        self.reader: Optional[asyncio.Task[Any]] = None
        self.reading: Any = None
        self.marked: Dict[str, str] = {}  # group → our mark in it
        self.renewing: Set[str] = set()  # groups of Subscribers, in which marks must not look old
        self.mark_key = "%s$subscribed.%s" % (layer.prefix, name)
        self.mark_at = 0.0
        self.unmarked: Set[str] = set()  # groups whose mark is not known to be there
        self.throttle = Throttle()

    async def ask(self, script: Script, keys: Any, args: Any) -> Any:
        """Redis' answer to a script."""
        return await self.commands.ask(script, keys, args)

    def listen(self, local: str, channel: str, receive: Receive) -> None:
        """Get what is sent to the channels that begin with `local`; soon."""
        self.lists.append(self.layer.prefix + local)
        self.subscription.want(channel, receive)
        if self.reader is None:
            self.reader = asyncio.ensure_future(self._read())
            self.reader._log_destroy_pending = False  # type: ignore[attr-defined]

    # Groups

    async def join(self, group: str, channel: str, mark: str, receive: Receive) -> None:
        """Get what is sent to a group, by subscription and by mark; raises why that cannot be."""
        self.marked[group] = mark
        self.unmarked.add(group)
        marking = asyncio.ensure_future(self._mark([group]))
        marking.add_done_callback(self._marking_done)
        try:
            await self.subscription.add(channel, receive)
            await asyncio.wait([marking])
        except BaseException:
            marking.cancel()
            raise

    async def leave(self, group: str, channel: Optional[str], members: List[str]) -> None:
        """Remove members from the group's set; with a channel, get no messages of it any more."""
        if channel is not None:
            self.subscription.remove(channel)
            mark = self.marked.pop(group, None)
            self.unmarked.discard(group)
            self.renewing.discard(group)
            members = members + [mark] if mark else members
        if members:
            await self.ask(LEAVE, [self.layer._group_key(group)], members)
        if group in self.marked and channel is not None:
            await self._mark([group])  # somebody has come back meanwhile

    async def renew(self, group: str) -> None:
        """Leave a mark again."""
        if group in self.marked:
            await self._mark([group])

    async def _mark(self, groups: List[str]) -> None:
        renewing = [group for group in groups if group in self.renewing]
        others = [group for group in groups if group not in self.renewing]
        if renewing:
            await self._mark_at(renewing, 0)
        if others:
            # To the others it looks as if they had joined long ago.
            await self._mark_at(others, max(0, self.layer.group_expiry - MARK_SECONDS))

    async def _mark_at(self, groups: List[str], ago: float) -> None:
        now, expiry = time.time(), self.layer.group_expiry
        at = now - ago
        groups = [group for group in groups if group in self.marked]  # some were left meanwhile
        keys = [self.mark_key] + [self.layer._group_key(group) for group in groups]
        marks = [self.marked[group] for group in groups]
        args = [at, int(now) - expiry, int(expiry), MARK_SECONDS]
        await self.ask(MARK_GROUPS, keys, args + marks)
        self.unmarked.difference_update(groups)

    def _marking_done(self, marking: "asyncio.Future[Any]") -> None:
        if not marking.cancelled() and marking.exception() is not None:
            self._complain(marking.exception())

    def _complain(self, error: Any) -> None:
        self.throttle.log(
            logger.warning,
            "processes with channels_redis' layer may not reach our groups: %s: %s",
            type(error).__name__,
            error,
        )

    async def _beat(self) -> None:
        """Renew the marks when it is time, or Redis has lost them, or is another one."""
        try:
            known = await self.commands.get(self.mark_key)
            if not known or time.monotonic() >= self.mark_at:
                self.unmarked.update(self.marked)
                self.mark_at = time.monotonic() + MARK_SECONDS / 3
            while self.unmarked:
                await self._mark(list(self.unmarked)[:GROUPS_AT_ONCE])
        except asyncio.CancelledError:  # an Exception before Python 3.8
            raise
        except Exception as error:
            if "READONLY" in str(error):
                self.commands.close()
                raise
            self._complain(error)

    # Lists

    async def _read(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                async with self.layer.connection(self.layer.pools.index(self.pool)) as connection:
                    self.reading = connection
                    while True:
                        await self._read_once(connection)
                        pause = FIRST_PAUSE
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._complain(error)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _read_once(self, connection: Any) -> None:
        # The outer limit is for a server that is gone without closing the connection.
        found = await asyncio.wait_for(
            connection.brpop(*self.lists, timeout=WAIT_SECONDS), 2 * WAIT_SECONDS
        )
        if found is None:
            return
        key, first = found
        rest = await connection.eval(DRAIN.text, keys=[key])
        # Senders push left: the last of the list is the oldest.
        for content in [first, *reversed(rest)]:
            self.on_list(content)

    async def stop(self) -> None:
        """Leave all groups, and close everything."""
        await self.subscription.stop()
        if self.reader is not None:
            await end_task(self.reader)
        if self.reading is not None:
            await end_connection(self.reading)
        try:
            for group, mark in list(self.marked.items()):
                await self.ask(LEAVE, [self.layer._group_key(group)], [mark])
        except Exception as error:
            if isinstance(error, asyncio.CancelledError):
                raise
            logger.debug("marks are left to expire: %s: %s", type(error).__name__, error)
        await self.commands.stop()
