"""The messages that wait for one channel of this process: in order, and not too many."""

import asyncio
import collections
import time
from typing import Any, Callable, Deque, Dict, List, Optional, Set, Tuple

from .._inboxes import NOTHING

Message = Dict[str, Any]


class Mailbox:
    """
    A queue bounded in messages and bytes; what waits for longer than `expiry` is dropped.

    Whatever is dropped is told to `on_lost(mailbox, number, why)`; and, with a `lost_type`, to the
    reader, by a message of that type in the place of the missing ones: {"type": …, "lost": number},
    where None is for "perhaps".
    """

    def __init__(
        self,
        name: str,
        capacity: int,
        most_bytes: int,
        expiry: float,
        on_lost: Callable[["Mailbox", int, str], Any],
        lost_type: Optional[str] = None,
    ) -> None:
        self.name = name
        self.capacity, self.most_bytes, self.expiry = capacity, most_bytes, expiry
        self.on_lost, self.lost_type = on_lost, lost_type
        # (message, its bytes, until when it is of use)
        self.items: Deque[Tuple[Message, int, float]] = collections.deque()
        self.bytes = 0
        # A list, as for most there is one: an idle mailbox should take little memory.
        self.waiters: List[asyncio.Future[None]] = []
        self.groups: Set[str] = set()
        self.elsewhere: Set[str] = set()  # groups to which others have added it
        self.heard = False  # somebody has received here

    def is_full(self, size: int = 0) -> bool:
        """Whether a message of so many bytes has no room; the first one always has."""
        if not self.items:
            return self.capacity < 1
        return len(self.items) >= self.capacity or self.bytes + size > self.most_bytes

    def put(self, message: Message, size: int, now: float) -> None:
        """Append a message, which is not copied, unless there is no room."""
        items = self.items
        if items and (len(items) >= self.capacity or self.bytes + size > self.most_bytes):
            self._expire(now)
            if self.is_full(size):
                self.lose(1, "full")
                return
        items.append((message, size, now + self.expiry))
        self.bytes += size
        if self.waiters:
            self.wake()

    def lose(self, number: int, why: str) -> None:
        """Note that messages are missing here; 0: perhaps."""
        self.on_lost(self, number, why)
        if self.lost_type is None:
            return
        last = self.items[-1][0] if self.items else {}
        if last.get("type") == self.lost_type and "lost" in last:
            last["lost"] = (last["lost"] + number) if number and last["lost"] else None
        else:
            notice = {"type": self.lost_type, "lost": number or None}
            self.items.append((notice, 0, float("inf")))
            self.wake()

    async def get(self) -> Message:
        """The next message; who waits first is served first, and nobody cancelled takes one."""
        self.heard = True
        while True:
            message: Any = self.take()
            if message is not NOTHING:
                return message
            waiter = asyncio.get_event_loop().create_future()
            self.waiters.append(waiter)
            try:
                await waiter
            except BaseException:
                if waiter.done() and not waiter.cancelled():
                    self.wake()  # it was for the next one
                raise
            finally:
                if waiter in self.waiters:
                    self.waiters.remove(waiter)

    # The mailbox as an inbox (compat._inboxes): these two and `waiters`.

    refusal = None

    def take(self) -> Any:
        """The next message, or NOTHING."""
        items = self.items
        if items and items[0][2] < time.monotonic():
            self._expire(time.monotonic())
        if not items:
            return NOTHING
        message, size, _ = items.popleft()
        self.bytes -= size
        # Other channels of the process have the same one.
        return dict(message)

    def wake(self) -> None:
        """Tell who waits first that there may be something."""
        while self.waiters:
            waiter = self.waiters.pop(0)
            if not waiter.done():
                waiter.set_result(None)
                break

    def is_idle(self, now: float) -> bool:
        """Whether nothing waits here, and nobody."""
        self._expire(now)
        return not self.items and not self.waiters

    def _expire(self, now: float) -> None:
        items, dropped = self.items, 0
        while items and items[0][2] < now:
            self.bytes -= items.popleft()[1]
            dropped += 1
        if dropped:
            self.on_lost(self, dropped, "expired")
