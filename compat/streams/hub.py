"""
One hub for each event loop of a process: the only place that listens to bells and polls heads.

A lost bell delays an entry by STREAMS_POLL_SECONDS at most and never loses it: one query
compares the heads of all followed streams with the database.
"""

import asyncio
import atexit
import functools
import logging
import os
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections

from .._asyncio import end_task, is_current
from .._throttle import Throttle
from ..channel_layer import layers
from ..channel_layer.subscriber import Ear
from . import notification as bell
from . import stats, store
from ._settings import POLL_SECONDS
from .follower import CLOSE_RESTART
from .names import group_name
from .topic import Topic

logger = logging.getLogger(__name__)

# Threads of our own: views that occupy all of the server's threads do not hold up readers, and
# a thousand returning readers do not exhaust the views'.
READ_THREADS = 4
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0

_hubs = {}


class Hub:
    """Followed streams of one event loop; exists while there is a follower."""

    @classmethod
    def current(cls):
        """The hub of the running loop, made when there is none."""
        loop = asyncio.get_event_loop()
        for key, hub in list(_hubs.items()):
            if hub.pid != os.getpid() or hub.loop.is_closed():
                bell.unlisten(hub.ring)
                del _hubs[key]
        hub = _hubs.get(id(loop))
        if hub is None:
            hub = _hubs[id(loop)] = cls(loop)
        return hub

    def __init__(self, loop):
        self.loop = loop
        self.pid = os.getpid()
        self.closed = False
        self.topics = {}
        self.leaving = set()
        self.delivered = 0
        self.throttle = Throttle()
        self.threads = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="streams")
        layer = layers.own_layer()
        self.ear = None if layer is None else Ear(layer, self.on_bell, self.poll_now)
        self.poll_early = asyncio.Event()
        self.polling = loop.create_task(self._poll())
        bell.listen(self.ring)

    # Followers

    def enter(self, follower):
        """The follower's topic, made when nobody follows that stream yet."""
        topic = self.topics.get(follower.stream)
        if topic is None:
            name = follower.stream
            topic = self.topics[name] = Topic(self, name, group_name(name))
        topic.followers.add(follower)
        stats.readers.inc()
        return topic

    def leave(self, topic, follower):
        """Forget a follower, the topic with its last one, and the hub with its last topic."""
        topic.forget(follower)
        stats.readers.dec()
        if topic.followers or self.topics.get(topic.name) is not topic:
            return []
        del self.topics[topic.name]
        ending = topic.close()
        if self.topics:
            ending.append(self._later(self._leave_group(topic)))
        else:
            if _hubs.get(id(self.loop)) is self:
                del _hubs[id(self.loop)]
            bell.unlisten(self.ring)
            ending.append(self._later(self._end(topic)))
        return ending

    def _later(self, coroutine):
        task = self.loop.create_task(coroutine)
        self.leaving.add(task)
        task.add_done_callback(self.leaving.discard)
        return task

    async def join(self, topic):
        """Have the topic's bells sent to us."""
        if self.ear is not None:
            await self.ear.join(topic.group)

    async def _leave_group(self, topic):
        # Somebody may have come back to the stream in the meantime.
        if self.ear is not None and topic.name not in self.topics:
            await self.ear.leave(topic.group)

    async def _end(self, topic):
        self.closed = True
        self.tell()
        others = [task for task in self.leaving if not is_current(task)]
        await end_task(self.polling)
        if others:
            await asyncio.wait(others)
        if self.ear is not None:
            await self.ear.leave(topic.group)
            await self.ear.stop()
        self.threads.shutdown(wait=False)

    # Bells and heads

    def ring(self, message):
        """A bell rung in this process, from any thread."""
        if self.pid == os.getpid():
            try:
                self.loop.call_soon_threadsafe(self.on_bell, message)
            except RuntimeError:
                # The loop was closed without a goodbye; current() will notice.
                bell.unlisten(self.ring)

    def on_bell(self, message):
        """Pass a bell to its topic, if somebody follows it here."""
        if message.get("type") != "streams.bell":
            return
        topic = self.topics.get(message["stream"])
        if topic is not None:
            bodies, at = message.get("bodies"), message.get("at")
            topic.bell(message["first"], message["last"], bodies, at)

    def poll_now(self):
        """Compare heads at once: bells may have been missed."""
        self.poll_early.set()

    async def _poll(self):
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
                if self.ear is not None:
                    await self.ear.renew_quietly()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._complain(error)

    def tell(self):
        """Pass on what was counted: on the way of every line an addition is cheap, more is not."""
        delivered, self.delivered = self.delivered, 0
        stats.delivered.inc(delivered)

    async def _compare(self):
        before = {n: topic.head for n, topic in self.topics.items() if topic.tail is not None}
        heads = await self.database(store.heads, list(before))
        for name, head in before.items():
            topic = self.topics.get(name)
            if topic is None:
                continue
            topic.rest()
            found = heads.get(name, 0)
            if found < head:
                await self._restart(topic, found)
            elif found > topic.head:
                topic.seen(found)
                if self.ear is not None:
                    # Its bells do not arrive: perhaps the group forgot us.
                    await self.ear.renew(topic.group)

    async def _restart(self, topic, head):
        """The database lost entries that were sent: readers have to start over."""
        logger.warning("stream %s went back from %d to %d", topic.name, topic.head, head)
        for follower in tuple(topic.followers):
            try:
                await follower.dismiss(CLOSE_RESTART)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                logger.info("stream reader gone: %s: %s", type(error).__name__, error)

    # The database

    async def database(self, function, *args):
        """Run a read in one of our threads, again and again until the database answers."""
        pause = FIRST_PAUSE
        while not self.closed:
            call = functools.partial(_with_connection, function, *args)
            try:
                return await self.loop.run_in_executor(self.threads, call)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._complain(error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        raise asyncio.CancelledError()

    def _complain(self, error):
        self.throttle.log(
            logger.warning, "streams cannot be read: %s: %s", type(error).__name__, error
        )


def _with_connection(function, *args):
    close_old_connections()
    try:
        return function(*args)
    finally:
        close_old_connections()


def _say_goodbye():
    """At the end of the process: take our queues out of the groups that are still joined."""
    for hub in list(_hubs.values()):
        if hub.pid == os.getpid() and hub.ear is not None:
            hub.ear.leave_at_exit()


atexit.register(_say_goodbye)
