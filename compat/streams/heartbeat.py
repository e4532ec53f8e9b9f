"""
A tiny frame for every reader now and then, so that a page notices a connection that is dead.

After sleep, a NAT time-out or a change of Wi-Fi a browser goes on for minutes before it finds out:
it answers pings itself, and shows them to no script. One timer for all sockets of an event loop;
each has its turn once in an interval, a few at a time, since a write for each of ten thousand at
once would hold up everybody's entries.
"""

import asyncio
from typing import Any, List, Set

from ._settings import HEARTBEAT_SECONDS
from .entries import Frames, frame
from .flow import Wire

TURNS = 64  # in an interval

BEAT = frame("beat")


class Beaten:
    """
    A reader that gets beats; it has `backlog`, `send_text`, and `task` while it is sending.

    _give_up(error) is called when the connection turns out to be gone.
    """

    __slots__ = ()

    def beat(self: Any, heartbeat: "Heartbeat") -> None:
        """Send a beat, unless there is something on its way already."""
        if isinstance(self.backlog, Wire):
            try:
                self.backlog.write(heartbeat.frames)
            except Exception as error:
                heartbeat.later(self._give_up(error))
        elif self.task is None:
            heartbeat.later(self.send_beside(BEAT))

    async def send_beside(self: Any, text: str) -> None:
        """Send a frame that is none of the entries."""
        try:
            await self.send_text(text)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            await self._give_up(error)


class Heartbeat:
    """The beats of one event loop's readers; `seconds` is the interval, 0 for none."""

    def __init__(self, loop: Any, later: Any) -> None:
        self.loop = loop
        self.later = later  # starts a task that is waited for at the end
        self.seconds = HEARTBEAT_SECONDS()
        self.frames = Frames([BEAT], None)
        self.turns: List[Set[Any]] = [set() for _ in range(TURNS)]
        self.entered = self.turn = 0
        self.timer = None
        if self.seconds:
            self.timer = loop.call_later(self.seconds / TURNS, self._next)

    def enter(self, follower: Any) -> None:
        """Begin to beat for a reader."""
        if self.seconds:
            self.entered += 1
            self.turns[self.entered % TURNS].add(follower)

    def leave(self, follower: Any) -> None:
        """Forget a reader."""
        for turn in self.turns:
            if follower in turn:
                turn.remove(follower)
                return

    def stop(self) -> None:
        """The end."""
        if self.timer is not None:
            self.timer.cancel()

    def _next(self) -> None:
        self.timer = self.loop.call_later(self.seconds / TURNS, self._next)
        self.turn = (self.turn + 1) % TURNS
        for follower in tuple(self.turns[self.turn]):
            follower.beat(self)
