"""
One hub for each event loop of a process: the only place that hears of entries and polls heads.

A lost notification delays an entry by STREAMS_POLL_SECONDS at most and never loses it: one query
compares the heads of all followed streams with the database. Polling waits for nothing else.
"""

import asyncio
import functools
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, List, Optional, Set

from django.db import close_old_connections

from .._asyncio import end_task
from ..channel_layer.notify import Message
from ..channel_layer.per_loop import PerLoop
from . import epochs, notification, stats
from ._settings import POLL_SECONDS
from .attendance import Attendance
from .heartbeat import Heartbeat
from .lists import Lists
from .names import group_name
from .topic import Topic

logger = logging.getLogger(__name__)

# Threads of our own: views that occupy all of the server's threads do not hold up readers, and
# a thousand returning readers do not exhaust the views'.
READ_THREADS = 4
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0


class Hub(PerLoop):
    """Followed streams of one event loop; exists while there is a follower, or a shared socket."""

    TYPE = notification.TYPE

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.topics: Dict[str, Topic] = {}
        self.sockets: Set[Any] = set()
        self.delivered = 0
        self.threads = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="streams")
        self.heartbeat = Heartbeat(loop, self.later)
        self.poll_early = asyncio.Event()
        self.attendance: Optional[Attendance] = None  # of readers with presence
        self.lists: Optional[Lists] = None  # of streams, where there are some
        self.polling = loop.create_task(self._poll())

    # Followers

    def enter(self, follower: Any) -> Topic:
        """The follower's topic, made when nobody follows that stream yet."""
        topic = self.topics.get(follower.stream)
        if topic is None:
            name = follower.stream
            topic = self.topics[name] = Topic(self, name, group_name(name))
        topic.followers.add(follower)
        if follower.wants_beats():
            self.heartbeat.enter(follower)
        stats.readers.inc()
        return topic

    def leave(self, topic: Topic, follower: Any) -> "List[asyncio.Future[Any]]":
        """Forget a follower, the topic with its last one, and the hub with its last topic."""
        topic.forget(follower)
        if self.attendance is not None:
            self.attendance.leave(follower)
        if follower.wants_beats():
            self.heartbeat.leave(follower)
        stats.readers.dec()
        if topic.followers or self.topics.get(topic.name) is not topic:
            return []
        del self.topics[topic.name]
        ending = topic.close()
        if self.topics or self.sockets:
            ending.append(self.later(self._leave_group(topic)))
        else:
            ending.append(self.retire())
        return ending

    def attend(self, follower: Any) -> None:
        """Count a follower among those who are here."""
        if self.attendance is None:
            self.attendance = Attendance(self)
        self.attendance.enter(follower)

    def enter_list(self, wanted: Any) -> None:
        """Begin to tell a list of a socket what comes up."""
        if self.lists is None:
            self.lists = Lists(self)
        self.lists.enter(wanted)

    def enter_socket(self, socket: Any) -> None:
        """Begin to beat for a connection that many followers share, also while it has none."""
        self.sockets.add(socket)
        self.heartbeat.enter(socket)

    def leave_socket(self, socket: Any) -> "List[asyncio.Future[Any]]":
        """Forget a shared connection, and the hub if it was the last that needed it."""
        if socket not in self.sockets:
            return []
        self.sockets.remove(socket)
        self.heartbeat.leave(socket)
        return [] if self.topics or self.sockets else [self.retire()]

    async def _leave_group(self, topic: Topic) -> None:
        # Somebody may have come back to the stream in the meantime.
        if self.subscriber is not None and topic.name not in self.topics:
            await self.subscriber.leave(topic.group)

    async def stop(self) -> None:
        self.tell()
        self.heartbeat.stop()
        if self.attendance is not None:
            await self.attendance.stop()
        await end_task(self.polling)
        self.threads.shutdown(wait=False)

    # Notifications and heads

    def on_notification(self, message: Message) -> None:
        """Pass it to its topic, if somebody follows it here."""
        topic = self.topics.get(message["stream"])
        if topic is not None:
            more = message.get("bodies"), message.get("at"), message.get("epoch")
            topic.notified(message["first"], message["last"], *more)
        if self.lists is not None and message["first"] == 1:
            self.lists.appeared(message["stream"])

    def on_return(self) -> None:
        """Compare heads at once: notifications may have been missed."""
        self.poll_early.set()

    async def _poll(self) -> None:
        while not self.closed:
            seconds = POLL_SECONDS()
            timer = self.loop.call_later(seconds, self.poll_early.set)
            try:
                await self.poll_early.wait()
            finally:
                timer.cancel()
            self.poll_early.clear()
            self.tell()
            try:
                await self._compare()
                if self.lists is not None:
                    await self.lists.look()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._complain(error)

    def tell(self) -> None:
        """Pass on what was counted: on the way of every line an addition is cheap, more is not."""
        delivered, self.delivered = self.delivered, 0
        stats.delivered.inc(delivered)

    async def _compare(self) -> None:
        asked = {topic: topic.known() for topic in self.topics.values() if topic.tail is not None}
        if not asked:
            return
        positions = await self.database(epochs.positions, [topic.name for topic in asked])
        for topic, before in asked.items():
            if self.topics.get(topic.name) is not topic:
                continue
            topic.rest()
            found = positions.get(topic.name, epochs.NOWHERE)
            if found.epoch is None and found is not epochs.NOWHERE:
                # Made by a process of the version before.
                found = await self.database(epochs.known, topic.name)
            missed = found.seq > topic.head
            if topic.learn(found, before):
                await self._went_back(topic, found)
            elif missed and self.subscriber is not None:
                # Its notifications do not arrive: perhaps the group forgot us.
                self.subscriber.renew(topic.group)

    async def _went_back(self, topic: Topic, found: epochs.Position) -> None:
        """The database lost entries that were sent: what comes now is another history."""
        before = topic.known()
        logger.warning("stream %s went back from %d to %d", topic.name, topic.head, found.seq)
        changed = await self.database(epochs.change, topic.name, found.epoch)
        topic.learn(changed, before)

    # The database

    async def database(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run a read in one of our threads, again and again until the database answers."""
        pause = FIRST_PAUSE
        while not self.closed:
            try:
                return await self.ask(function, *args)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._complain(error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        raise asyncio.CancelledError()

    def ask(self, function: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":
        """Run it in one of our threads, once."""
        call = functools.partial(_with_connection, function, *args)
        return self.loop.run_in_executor(self.threads, call)

    def _complain(self, error: Exception) -> None:
        self.throttle.log(
            logger.warning, "streams cannot be read: %s: %s", type(error).__name__, error
        )


def _with_connection(function: Callable[..., Any], *args: Any) -> Any:
    close_old_connections()
    try:
        return function(*args)
    finally:
        close_old_connections()
