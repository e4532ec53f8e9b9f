"""Long polling: an answer as soon as there is something, and then the client asks again."""

import json
from typing import Any

from .._settings import HEARTBEAT_SECONDS, LONG_POLL_SECONDS
from ..entries import FRAME_CHARACTERS, Text
from . import request
from .answers import page
from .session import Session

FULL = float("inf")
READ_SECONDS = 10  # until a log that cannot be read is told
# Not worth an answer by themselves; other frames are.
NO_NEWS = ("live", "hello", "presence", "listed")
# After these there is nothing more of a stream for now.
ANSWERS = ("live", "error")


class LongPoll(Session):
    """
    Takes what the socket sends until it has caught up, and answers when there is something.

    One that asks for "latest" is answered at once, with where that is.
    """

    transport = request.POLL

    def __init__(self, scope: Any, application: Any) -> None:
        self.timer: Any = None
        self.size = 0
        self.news = self.waits = False
        asked = request.query({"query_string": request.with_cursor(scope)})
        # Or how far it is from there, as it does at first to find out that it is answered.
        self.asks_where = asked.get("since") in (["latest"], ["-1"]) or asked.get("wait") == ["0"]
        # Streams of which nothing is known yet; without a cursor it may be messages that come.
        # A list counts until it is told what there is of it.
        self.named = set(request.subscriptions(scope))
        self.to_come = len(self.named) or int("since" in asked)
        super().__init__(scope, application)
        self.wire = self.backlog

    def backlog(self) -> float:
        """A follower stops sending when there is enough for one answer."""
        return FULL if self.ended else 0

    async def start(self) -> None:
        # An answer in each interval stands for a beat.
        self.seconds = min(LONG_POLL_SECONDS(), HEARTBEAT_SECONDS() or LONG_POLL_SECONDS())
        patience = max(self.seconds, READ_SECONDS)
        self.timer = self.loop.call_later(patience, self._time_is_over)
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
        if kind in ANSWERS:
            self.to_come -= 1
        fresh = set()
        if kind == "listed":
            fresh = set(json.loads(text)["streams"]) - self.named
            self.named |= fresh
            self.to_come += len(fresh) - 1
        if kind is None:  # of the consumer, and in no order
            self.to_come = 0
        self.news = self.news or bool(fresh) or kind not in NO_NEWS or self.asks_where

    async def _look(self) -> None:
        if not self.ended and self.news and (self.to_come < 1 or self.size >= FRAME_CHARACTERS):
            await self._answer(200)
        elif not self.ended and not self.waits and self.to_come < 1:
            self.waits = True
            self.timer.cancel()
            self.timer = self.loop.call_later(self.seconds, self._time_is_over)

    def _time_is_over(self) -> None:
        if not self.ended:
            self.loop.create_task(self._answer(200 if self.waits or self.news else 503))

    async def _answer(self, status: int) -> None:
        self.ended = True
        self.stop()
        await self.answer(status, page(self.held, self.many))

    async def goodbye(self, last: Text) -> None:
        await self.refuse(200, self.held + [last])

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
