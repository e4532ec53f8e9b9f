"""
The receiving end of notifications: one Subscriber, and one channel, for each loop and purpose.

On Redis it reads its list itself. The layer's receive() serves one caller at a time, keeps a copy
of every message in a second list, and stalls when a caller is cancelled; a notification may be lost
or come twice, so none of that is needed here.
"""

import asyncio
import logging
import random
from typing import Any, Callable, Coroutine, Optional, Set

from .._asyncio import end_task
from .._throttle import Throttle
from . import layers, private_loop
from .notify import Message

logger = logging.getLogger(__name__)

WAIT_SECONDS = 5
CALL_SECONDS = 5.0
# Whoever joins is held up for so long by a layer that does not answer.
JOIN_SECONDS = 0.5
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0

_DRAIN = """
local items = redis.call('LRANGE', KEYS[1], 0, -1)
redis.call('DEL', KEYS[1])
return items
"""


class Subscriber:
    """Joins groups and hands over each notification; survives a dead layer."""

    def __init__(
        self,
        layer: Any,
        on_notification: Callable[[Message], Any],
        on_return: Callable[[], Any],
    ) -> None:
        self.layer = layer
        self.on_notification = on_notification
        # Called when notifications may have been missed: after an outage, or a late join.
        self.on_return = on_return
        self.direct = layers.is_redis(layer)
        self.stopped = False
        # The last call failed: joining waits for the loop below, which joins everything.
        self.down = False
        self.groups: Set[str] = set()
        # Left while the layer was down: to be told when it is back.
        self.owed: Set[str] = set()
        self.channel: Optional[str] = None
        self.lock = asyncio.Lock()
        self.throttle = Throttle()
        self.renew_at = 0.0
        self.tasks: Set[asyncio.Future[Any]] = set()
        self.receiving: Optional[asyncio.Future[Message]] = None
        self.task = asyncio.ensure_future(self._run())

    async def join(self, group: str) -> None:
        """Be told of the group: at once, or, where the layer does not answer, when it does."""
        self.groups.add(group)
        await asyncio.wait([self._later(self._sync_quietly(group))], timeout=JOIN_SECONDS)

    async def leave(self, group: str) -> None:
        """Stop being told of the group."""
        self.groups.discard(group)
        await self._sync_quietly(group)

    def renew(self, group: str) -> None:
        """Join again, some time soon, a group whose notifications do not come."""
        self._later(self._sync_quietly(group))

    async def stop(self) -> None:
        """Leave all groups, end the tasks and close our connections."""
        for group in tuple(self.groups):
            await self.leave(group)
        self.stopped = True
        for task in [self.task, self.receiving, *self.tasks]:
            if task is not None:
                await end_task(task)
        if self.direct:
            for pool in self.layer.pools:
                await pool.close_loop(asyncio.get_event_loop())

    def leave_at_exit(self) -> None:
        """Leave all groups without our event loop, which is not running any more."""
        groups = self.groups | self.owed
        if self.direct and self.channel is not None and groups:
            layer = layers.own_layer()

            async def leave() -> None:
                for group in groups:
                    await layer.group_discard(group, self.channel)

            try:
                private_loop.run(leave, 1.0)
            except Exception as error:
                logger.debug("groups are left to expire: %s: %s", type(error).__name__, error)

    def _later(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Future[Any]":
        task = asyncio.ensure_future(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def _sync_quietly(self, group: str) -> None:
        time = asyncio.get_event_loop().time
        began = time()
        try:
            # One at a time, and no long queue for a layer that does not answer.
            async with self.lock:
                if not self.down:
                    await self._sync(group)
                elif group not in self.groups:
                    self.owed.add(group)
            if time() - began > JOIN_SECONDS * 0.9 and not self.down:
                self.on_return()  # nobody has waited for it
        except asyncio.CancelledError:  # an Exception before Python 3.8
            raise
        except Exception as error:
            # The loop below meets the same trouble and joins everything when it is over.
            self.down = True
            self._complain(error)

    async def _sync(self, group: str) -> None:
        # By what is wanted now, with the lock held: a late "leave" cannot undo a newer "join".
        channel = await self._own_channel()
        if group not in self.groups:
            self.owed.add(group)
        act = self.layer.group_add if group in self.groups else self.layer.group_discard
        await asyncio.wait_for(act(group, channel), CALL_SECONDS)
        self.owed.discard(group)

    async def _renew_when_due(self) -> None:
        """Renew every membership well before it expires."""
        if self.down:
            self.renew_at = 0.0
        if asyncio.get_event_loop().time() < self.renew_at:
            return
        done: Set[str] = set()
        # Until there is none: whoever comes while the layer is down relies on it.
        while (self.groups - done) | self.owed:
            for group in (self.groups - done) | self.owed:
                async with self.lock:
                    await self._sync(group)
                done.add(group)
        self.renew_at = asyncio.get_event_loop().time() + layers.MEMBER_SECONDS / 3

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self.stopped:
            try:
                await self._renew_when_due()
                if self.down:
                    self.down, pause = False, FIRST_PAUSE
                    self.on_return()
                if self.direct:
                    await self._receive_directly()
                else:
                    await self._receive()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self.down = True
                self._complain(error)
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _own_channel(self) -> str:
        if self.channel is None:
            self.channel = await self.layer.new_channel()
        return self.channel

    async def _receive(self) -> None:
        if self.receiving is None:
            async with self.lock:
                channel = await self._own_channel()
            self.receiving = asyncio.ensure_future(self.layer.receive(channel))
        # It is not cancelled when it takes long: a layer may lose what comes at that moment.
        await asyncio.wait([self.receiving], timeout=WAIT_SECONDS)
        if self.receiving.done():
            task, self.receiving = self.receiving, None
            self.on_notification(task.result())

    async def _receive_directly(self) -> None:
        """Wait for one notification, then take whatever else has arrived."""
        layer = self.layer
        local = layer.non_local_name(await self._own_channel())
        key = layer.prefix + local
        async with layer.connection(layer.consistent_hash(local)) as connection:
            # The outer limit is for a server that is gone without closing the connection.
            item = await asyncio.wait_for(
                connection.brpop(key, timeout=WAIT_SECONDS), WAIT_SECONDS + CALL_SECONDS
            )
            if item is None:
                return
            items = [item[1]]
            # Senders push left: the last of the list is the oldest.
            items += reversed(await connection.eval(_DRAIN, keys=[key]))
        for item in items:
            try:
                message = layer.deserialize(item)
            except Exception as error:
                self._complain(error)
                continue
            message.pop("__asgi_channel__", None)
            self.on_notification(message)

    def _complain(self, error: Exception) -> None:
        self.throttle.log(
            logger.warning,
            "channel layer: %s: %s; changes are found by polling meanwhile",
            type(error).__name__,
            error,
        )
