"""One reader of one stream: a cursor into the log and nothing queued."""

import asyncio
import logging
from typing import Any, Awaitable, Callable, List, Optional, Tuple

from .. import close_codes
from .._asyncio import is_current
from . import stats
from ._settings import SLOW_BYTES, SLOW_SECONDS
from .attendance import Visit
from .entries import cursor_at, frame
from .flow import Wire
from .heartbeat import Beaten
from .hub import Hub

logger = logging.getLogger(__name__)

LATEST = -1
BACKLOG_CHECK_SECONDS = 0.1
# For sites that have written them; until 0.2.
CLOSE_BEHIND, CLOSE_RESTART = close_codes.BEHIND, close_codes.RESTART


class SinceBeyondHead(ValueError):
    """The reader claims to have seen entries that do not exist."""


class StreamFollower(Beaten):
    """
    Sends a stream to one reader from a cursor on.

    `send_text(text)` and `close(code)` are coroutine functions; `since` is the last sequence
    number seen, or LATEST. With `render` (body -> text or None) plain {"message": text} frames
    are sent in place of resumable ones. `backlog()` tells the bytes the reader has not taken; to a
    Wire, frames are written directly.

    `epoch` is that of `since`: "" of a reader who has not been told of it yet, None of one who
    knows of no epochs. That one is closed with START_OVER when another history begins; the others
    are told, and start over on this connection. With a `visit` the reader counts among those who
    are here, from start() to stop(); see attendance.py.

    Of several streams on one connection the followers share a `turn`: what is in no memory yet is
    read and sent by one of them at a time, so that together they keep the connection's bounds.
    """

    __slots__ = (
        "send_text",
        "stream",
        "cursor",
        "render",
        "close",
        "backlog",
        "topic",
        "task",
        "live",
        "epoch",
        "over",
        "turn",
        "visit",
        "__weakref__",
    )

    def __init__(
        self,
        send_text: Callable[[str], Awaitable[Any]],
        stream: str,
        since: int,
        render: Optional[Callable[[Any], Optional[str]]] = None,
        close: Optional[Callable[[int], Awaitable[Any]]] = None,
        backlog: Optional[Callable[[], int]] = None,
        epoch: Optional[str] = None,
        turn: Optional[asyncio.Lock] = None,
        visit: Optional[Visit] = None,
    ) -> None:
        self.send_text = send_text
        self.stream = stream
        self.cursor = since
        self.render = render
        self.close = close
        self.backlog = backlog
        self.topic: Any = None
        self.task: Any = None
        self.live = False
        self.epoch = epoch
        self.over = False  # to be told that it starts over
        self.turn = turn
        self.visit = visit

    async def start(self) -> None:
        """
        Begin to send; returns before the history has been sent.

        Raises SinceBeyondHead. Call stop() in any case, also when this was cancelled.
        """
        topic = self.topic = Hub.current().enter(self)
        await topic.opened()
        if self.cursor == LATEST:
            history, head = topic.history, await topic.fresh_head()
            # Another history may have begun since it was looked up; we are not told of it yet.
            self.cursor = head if history == topic.history else topic.head
        elif (self.cursor or self.epoch) and not self._goes_on(topic):
            # The others may know more than we do.
            head = await topic.fresh_head()
            if self.cursor and not self._goes_on(topic):
                if self.epoch is None:
                    raise SinceBeyondHead(
                        f"since={self.cursor} is beyond the last entry, which is {head}"
                    )
                self._start_over()
        if self.topic is topic:
            topic.ready.add(self)
            self.wake()
            if self.visit is not None:
                topic.hub.attend(self)

    def place(self) -> Optional[Tuple[int, str]]:
        """The number and the epoch to go on from; None where that is not known yet."""
        return None if self.cursor == LATEST else (self.cursor, self.topic.epoch or "")

    def _goes_on(self, topic: Any) -> bool:
        return self.cursor <= topic.head and (not self.epoch or self.epoch == topic.epoch)

    def _start_over(self) -> None:
        self.over, self.live, self.cursor = True, False, 0

    def turned(self) -> None:
        """Another history of the stream has begun."""
        if self.render is None:
            self._start_over()
        elif self.topic is not None:
            self.cursor = self.topic.head
        self.wake()

    def stop(self) -> "List[asyncio.Future[Any]]":
        """Stop sending; returns the tasks that are still ending, for those who want to wait."""
        topic, self.topic = self.topic, None
        task, self.task = self.task, None
        ending: List[asyncio.Future[Any]] = []
        if task is not None and not is_current(task):
            task.cancel()
            ending.append(task)
        if topic is not None:
            ending += topic.hub.leave(topic, self)
        return ending

    def wake(self) -> None:
        """There is something to send: write it, or have a task do it that ends when it is sent."""
        if self.task is not None or self.topic is None:
            return
        try:
            done = self.live and self._write()
        except Exception as error:
            self.task = self.topic.hub.loop.create_task(self._give_up(error))
            return
        if not done:
            self.task = self.topic.hub.loop.create_task(self._pump())

    def _write(self):
        """Without a task, because this is what every line costs; False if there is more to do."""
        topic = self.topic
        if self.cursor >= topic.head:
            return True
        if not isinstance(self.backlog, Wire) or not topic.tail.holds(self.cursor + 1):
            return False
        frames = topic.frames(topic.tail, self.cursor, self.render)
        if not self.backlog.write(frames):
            return False
        topic.hub.delivered += frames.cursor - self.cursor
        self.cursor = frames.cursor
        return self.cursor >= topic.head

    async def _pump(self):
        try:
            while await self._step():
                # Let other readers have their turn; daphne's send never waits.
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            await self._give_up(error)
        finally:
            self.task = None

    async def _give_up(self, error):
        """Entries cannot be sent: better no connection than one that looks alive."""
        logger.info("stream reader gone: %s: %s", type(error).__name__, error)
        try:
            await self.dismiss(close_codes.RESTART)
        except asyncio.CancelledError:
            raise
        except Exception as closing:
            logger.debug("nor closed: %s: %s", type(closing).__name__, closing)

    async def _step(self):
        """Send one frame; returns whether there is more to do at once."""
        topic = self.topic
        if topic is None:
            return False
        if self.over:
            self.over = False
            if self.epoch is None:
                await self.dismiss(close_codes.START_OVER)
                return False
            at = cursor_at(topic.epoch, 0)
            await self.send_text(frame("reset", at, stream=self.stream, epoch=topic.epoch))
            return self._behind()
        if self.cursor >= topic.head:
            if self.live:
                return False
            self.live = True
            if self.render is None:
                await self.send_text(self._live_frame(topic))
            return self._behind()
        history = topic.history
        if self.turn is None:
            return await self._send_entries(topic, history)
        async with self.turn:
            return await self._send_entries(topic, history)

    async def _send_entries(self, topic, history):
        if self.topic is topic and history == topic.history and self.backlog is not None:
            if not await self._room():
                return False
        if self.topic is not topic:
            return False
        if history != topic.history:
            return self._behind()
        segment = topic.segment(self.cursor + 1)
        if segment is None:
            if self.cursor == topic.tail.last:
                # The hub is reading what follows and wakes us.
                return False
            segment = await topic.page(self.cursor)
            if history != topic.history:
                return self._behind()
        if segment.first > self.cursor + 1:
            self.cursor = segment.first - 1
            if self.render is None:
                at = cursor_at(topic.epoch, self.cursor)
                await self.send_text(frame("gap", at, stream=self.stream, oldest=segment.first))
            return True
        if not segment.holds(self.cursor + 1):
            return True
        frames = topic.frames(segment, self.cursor, self.render)
        topic.hub.delivered += frames.cursor - self.cursor
        # Before it is sent: a task that is cancelled half-way must not be followed by another.
        self.cursor = frames.cursor
        for text in frames.texts:
            await self.send_text(text)
        return self._behind()

    def _live_frame(self, topic):
        more = {}
        if self.wants_beats() and topic.hub.heartbeat.seconds:
            more["beat"] = topic.hub.heartbeat.seconds
        at = cursor_at(topic.epoch, self.cursor)
        return frame("live", at, stream=self.stream, epoch=topic.epoch, seq=self.cursor, **more)

    def wants_beats(self) -> bool:
        """
        Whether it is one that knows what they are: of the same version as epochs.

        Of several on one connection none does; the connection gets them.
        """
        if self.epoch is None or self.render is not None or self.turn is not None:
            return False
        return getattr(self.backlog, "beats", True)

    def _behind(self):
        return self.topic is not None and (
            self.over or self.cursor < self.topic.head or not self.live
        )

    async def _room(self):
        """Wait while the connection is full; a reader that stays stuck is closed."""
        limit = SLOW_BYTES()
        least = held = self.backlog()
        if held <= limit:
            return True
        patience = SLOW_SECONDS()
        loop = asyncio.get_event_loop()
        deadline = loop.time() + patience
        while held > limit:
            if loop.time() > deadline:
                logger.info("closing a reader of %s that is stuck at %d", self.stream, self.cursor)
                await self.dismiss(close_codes.BEHIND)
                return False
            await asyncio.sleep(BACKLOG_CHECK_SECONDS)
            held = self.backlog()
            if held < least:
                least, deadline = held, loop.time() + patience
        return True

    async def dismiss(self, code: int) -> None:
        """Stop, and close the connection with `code`."""
        stats.closed.labels(code).inc()
        self.stop()
        if self.close is not None:
            await self.close(code)
