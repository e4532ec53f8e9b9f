"""Long polling: an answer as soon as there is something, and then the client asks again."""

from typing import Any

from .._settings import LONG_POLL_SECONDS
from ..entries import FRAME_CHARACTERS, Text
from . import request
from .answers import page
from .session import Session

FULL = float("inf")
# Not worth an answer by themselves; other frames are.
NO_NEWS = ("live", "beat")


class LongPoll(Session):
    """
    Takes what the socket sends until it has caught up, and answers when there is something.

    One that asks for "latest" is answered at once, with where that is.
    """

    transport = request.POLL

    def __init__(self, scope: Any, application: Any) -> None:
        self.timer: Any = None
        self.size = 0
        self.news = self.live = False
        asked = request.query({"query_string": request.with_cursor(scope)}).get("since", [])
        self.asks_where = asked[-1:] in (["latest"], ["-1"])
        super().__init__(scope, application)
        self.wire = self.backlog

    def backlog(self) -> float:
        """A follower stops sending when there is enough for one answer."""
        return FULL if self.ended else 0

    backlog.beats = False  # type: ignore[attr-defined]

    async def start(self) -> None:
        self.timer = self.loop.call_later(LONG_POLL_SECONDS(), self._time_is_over)
        self.started = True
        for text in self.held:
            self._take(text)
        await self._look()

    async def deliver(self, text: Text) -> None:
        kind = getattr(text, "kind", None)
        if kind != "beat":
            self.held.append(text)
            self._take(text)
            await self._look()

    def _take(self, text: Text) -> None:
        kind = getattr(text, "kind", None)
        self.size += len(text)
        self.live = self.live or kind in ("live", None)  # None: of the consumer, and in no order
        self.news = self.news or kind not in NO_NEWS or self.asks_where

    async def _look(self) -> None:
        if not self.ended and self.news and (self.live or self.size >= FRAME_CHARACTERS):
            await self._answer(200)

    def _time_is_over(self) -> None:
        if not self.ended:
            # Without a position the log could not be read.
            self.loop.create_task(self._answer(200 if self.held else 503))

    async def _answer(self, status: int) -> None:
        self.ended = True
        self.stop()
        await self.answer(status, page(self.held))

    async def goodbye(self, last: Text) -> None:
        await self.refuse(200, self.held + [last])

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
