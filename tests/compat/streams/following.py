"""Scenarios of followers and their hub; run as those of appending.py are."""

import asyncio
import gc
import json
import os
import random
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from compat.channel_layer import layers, notify, per_loop
from compat.streams import hub, publish, publish_many, topic
from compat.streams.follower import LATEST, SinceBeyondHead, StreamFollower
from compat.streams.models import Entry

from .appending import WAIT, everything


class Collector:
    """A follower whose socket is a list; checks order as it goes."""

    def __init__(self, stream, since, render=None, backlog=None, epoch=None):
        self.frames, self.entries, self.closed = [], [], []
        self.next = None
        self.changed = asyncio.Event()
        self.follower = StreamFollower(
            self.send, stream, since, render, close=self.close, backlog=backlog, epoch=epoch
        )

    async def send(self, text):
        message = json.loads(text)
        self.frames.append(message)
        if message.get("type") == "reset":
            self.next, self.entries = 1, []
        if message.get("type") == "gap":
            self.next = message["oldest"]
        if message.get("type") == "entries":
            assert self.next in (None, message["first"]), (self.next, message["first"])
            self.next = message["first"] + len(message["bodies"])
            self.entries += message["bodies"]
        self.changed.set()

    async def close(self, code):
        self.closed.append(code)
        self.changed.set()

    async def until(self, ready, seconds=WAIT):
        deadline = time.monotonic() + seconds
        while not ready(self):
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(), deadline - time.monotonic())
            except asyncio.TimeoutError:
                raise AssertionError((len(self.entries), self.next, self.frames[-2:]))

    def kinds(self):
        return [frame.get("type", "message") for frame in self.frames]


def in_loop(function):
    """Run a coroutine function on a new loop, then check that it left nothing behind."""

    def run(*args):
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        # One thread publishes, so that connections can be counted.
        loop.set_default_executor(ThreadPoolExecutor(1))
        try:
            result = loop.run_until_complete(asyncio.wait_for(function(*args), 3 * WAIT))
            loop.run_until_complete(close_layer())
            tasks = getattr(asyncio, "all_tasks", None) or asyncio.Task.all_tasks
            left = [task for task in tasks(loop) if not task.done()]
            assert not left, left
            assert not per_loop._current and not any(notify._listeners.values())
        finally:
            loop.close()
        gc.collect()
        return result

    return run


async def close_layer():
    """The layer of the site keeps its connections for whoever comes next."""
    layer = layers.network_layer()
    if hasattr(layer, "notify_now"):
        await layer.close_pools()


def unlisten(current):
    """Keep the hub from what is announced in this process."""
    notify.unlisten(current.TYPE, current._sent_here)


async def stop(*collectors):
    ending = []
    for collector in collectors:
        ending += collector.follower.stop()
    if ending:
        await asyncio.wait(ending)


async def in_thread(function, *args):
    def call():
        try:
            return function(*args)
        finally:
            connection.close()

    return await asyncio.get_event_loop().run_in_executor(None, call)


@in_loop
async def resume(stream):
    await in_thread(publish_many, stream, range(1, 1201))
    results = []
    for since in (0, 1, 700, 1200, LATEST):
        collector = Collector(stream, since)
        await collector.follower.start()
        await collector.until(lambda c: "live" in c.kinds())
        results.append([since, len(collector.entries), collector.next, collector.frames[-1]["seq"]])
        await stop(collector)
    collector = Collector(stream, 1201)
    try:
        await collector.follower.start()
    except SinceBeyondHead as error:
        results.append(str(error))
    await stop(collector)
    return results


@in_loop
async def live_entries(stream, count):
    """Entries that arrive while following, in one process."""
    collectors = [Collector(stream, 0), Collector(stream, LATEST), Collector(stream, LATEST, str)]
    for collector in collectors:
        await collector.follower.start()
    await collectors[0].until(lambda c: "live" in c.kinds())
    for number in range(count):
        await in_thread(publish, stream, number)
    await in_thread(publish_many, stream, ["x" * 2000] * 30)
    for collector in collectors[:2]:
        await collector.until(lambda c: len(c.entries) == count + 30)
    await collectors[2].until(lambda c: len(c.frames) == count + 30)
    kinds = [collector.kinds().count("live") for collector in collectors]
    assert collectors[2].frames[0] == {"message": "0"}
    await stop(*collectors)
    return kinds


@in_loop
async def trimmed(stream):
    await in_thread(publish_many, stream, range(1, 1001))

    def trim(before):
        Entry.objects.filter(stream__name=stream, seq__lt=before).delete()

    await in_thread(trim, 900)
    early, late = Collector(stream, 0), Collector(stream, 950)
    for collector in (early, late):
        await collector.follower.start()
        await collector.until(lambda c: "live" in c.kinds())
    results = [early.kinds()[0], early.frames[0]["oldest"], len(early.entries), len(late.entries)]
    await stop(early, late)
    await in_thread(trim, 1001)
    gone = Collector(stream, 10)
    await gone.follower.start()
    await gone.until(lambda c: "live" in c.kinds())
    await in_thread(publish, stream, "next")
    await gone.until(lambda c: c.entries == ["next"])
    await stop(gone)
    return results + [gone.frames[0], gone.next]


@in_loop
async def shuffled_notifications(stream, rounds):
    """Notifications lost, repeated and in any order, and no poll: they are all there is."""
    random.seed(7)
    collectors = [Collector(stream, 0) for _ in range(3)]
    for collector in collectors:
        await collector.follower.start()
    current = hub.Hub.current()
    heard = []

    def hear(message):
        heard.append(message)

    # This process's own are taken away and played back in disorder.
    unlisten(current)
    notify.listen(current.TYPE, hear)
    for _ in range(rounds):
        for size in random.choices((1, 2, 7, 400), (8, 4, 2, 1), k=20):
            await in_thread(publish_many, stream, ["x" * 50] * size)
        played = random.choices(heard, k=15)
        played.append(heard[-1])
        random.shuffle(played)
        for message in played:
            current.on_notification(message)
            if random.random() < 0.3:
                await asyncio.sleep(0)
        last = heard[-1]["last"]
        for collector in collectors:
            await collector.until(lambda c: c.next == last + 1)
    notify.unlisten(current.TYPE, hear)
    await stop(*collectors)
    return [len(collector.entries) for collector in collectors], last


@in_loop
async def committed_while_reading(stream):
    """The log is read for a notification and has more than that told of, and than fits a frame."""
    collector = Collector(stream, 0)
    await collector.follower.start()
    await collector.until(lambda c: "live" in c.kinds())
    current = hub.Hub.current()
    unlisten(current)
    await in_thread(publish_many, stream, ["x" * 3000] * 200)
    current.on_notification({"type": "streams.bell", "stream": stream, "first": 1, "last": 50})
    await collector.until(lambda c: len(c.entries) >= 50)
    current.on_notification({"type": "streams.bell", "stream": stream, "first": 51, "last": 200})
    await collector.until(lambda c: len(c.entries) == 200)
    await stop(collector)
    return [frame["first"] for frame in collector.frames if frame["type"] == "entries"]


@in_loop
async def follow_to(stream, count, readers):
    """Follow from the beginning until `count` entries are there; tells when it listens."""
    collectors = [Collector(stream, 0) for _ in range(readers)]
    for collector in collectors:
        await collector.follower.start()
    for collector in collectors:
        await collector.until(lambda c: "live" in c.kinds())
    print("following", flush=True)
    started = time.monotonic()
    for collector in collectors:
        await collector.until(lambda c: len(c.entries) >= count)
    seconds = time.monotonic() - started
    await stop(*collectors)
    return [len(collector.entries) for collector in collectors], seconds


@in_loop
async def many_readers(stream, readers):
    """Readers at many positions share the few reads of the log that are needed."""
    await in_thread(publish_many, stream, range(3000))
    reads = []
    original = topic.store.page

    def counted(name, since, limit):
        reads.append(since)
        return original(name, since, limit)

    topic.store.page = counted
    threads = threading.active_count()
    collectors = [Collector(stream, number % 3) for number in range(readers)]
    await asyncio.gather(*[collector.follower.start() for collector in collectors])
    for collector in collectors:
        await collector.until(lambda c: c.next == 3001)
    grown = threading.active_count() - threads
    topic.store.page = original
    await stop(*collectors)
    return len(reads), grown


@in_loop
async def follow_and_leave(stream, times):
    """Come and go; what the layer and the hub keep afterwards."""
    layer = layers.network_layer()
    for _ in range(times):
        stay, other = Collector(stream, LATEST), Collector(stream + "2", LATEST)
        await asyncio.gather(stay.follower.start(), other.follower.start())
        current = hub.Hub.current()
        other.follower.stop()
        again = Collector(stream + "2", LATEST)
        await again.follower.start()
        await in_thread(publish, stream + "2", "here")
        await again.until(lambda c: c.entries == ["here"])
        await stop(again)
        assert list(current.topics) == [stream]
        # Leaving in the middle of starting, and of sending.
        hasty = Collector(stream + "3", 0)
        starting = asyncio.ensure_future(hasty.follower.start())
        await asyncio.sleep(random.random() * 0.01)
        starting.cancel()
        await asyncio.wait([starting])
        await stop(hasty, stay)
    if layer is None:
        return []
    async with layer.connection(0) as redis:
        keys = await redis.keys(layer.prefix + "*")
        clients = await redis.client_list()
    await layer.close_pools()
    return [key.decode() for key in keys if b"group" in key], len(clients)


@in_loop
async def follow_many_streams(stream, count):
    """Followers of several streams; the time until all of them are live."""
    started = time.monotonic()
    collectors = [Collector(stream + str(number), 0) for number in range(count)]
    await asyncio.gather(*[collector.follower.start() for collector in collectors])
    for collector in collectors:
        await collector.until(lambda c: "live" in c.kinds())
    seconds = time.monotonic() - started
    await stop(*collectors)
    return seconds


def listener_that_fails(stream):
    """What goes wrong after the commit must not make the caller publish once more."""

    def broken(message):
        raise RuntimeError("oops")

    notify.listen("streams.bell", broken)
    return publish(stream, 1), everything(stream)


def numbers_without_a_folder(stream):
    """In a worker that was forked before somebody removed the folder of its metrics."""
    connection.close()
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    child = os.fork()
    if child:
        os._exit(0 if os.waitpid(child, 0)[1] == 0 else 1)
    return publish(stream, 1), everything(stream), live_entries(stream + "b", 3)


def abandoned_loop(stream):
    """A loop closed without a goodbye does not disturb publishing or the next loop."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    collector = Collector(stream, LATEST)
    loop.run_until_complete(collector.follower.start())
    tasks = getattr(asyncio, "all_tasks", None) or asyncio.Task.all_tasks
    for task in tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0.1))
    loop.close()
    publish(stream, 1)
    return live_entries(stream + "b", 3)
