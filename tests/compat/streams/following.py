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

from django.core.management import call_command
from django.db import connection

from compat.channel_layer import layers, notify, per_loop
from compat.streams import epochs, flow, hub, publish, publish_many, topic
from compat.streams.entries import entries_frame
from compat.streams.follower import LATEST, SinceBeyondHead, StreamFollower
from compat.streams.models import Entry, Stream

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
            tasks = getattr(asyncio, "all_tasks", None) or asyncio.Task.all_tasks
            left = [task for task in tasks(loop) if not task.done()]
            assert not left, left
            assert not per_loop._current and not any(notify._listeners.values())
        finally:
            loop.close()
        gc.collect()
        return result

    return run


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
async def stuck_reader(stream):
    """A reader whose connection takes nothing is closed; others are not held up."""
    await in_thread(publish_many, stream, range(2000))
    stuck = Collector(stream, 0, backlog=lambda: 2 * 1024 * 1024)
    fine = Collector(stream, 0, backlog=lambda: 0)
    await asyncio.gather(stuck.follower.start(), fine.follower.start())
    await fine.until(lambda c: len(c.entries) == 2000)
    await stuck.until(lambda c: c.closed)
    await stop(fine)
    return stuck.closed, len(stuck.entries), stuck.follower.topic is None


@in_loop
async def failing_reader(stream):
    """A socket that breaks while sending, and a renderer that raises, harm nobody else."""

    async def broken(text):
        raise RuntimeError("gone")

    def picky(body):
        return str(10 // body)

    codes = []

    async def close(code):
        codes.append(code)
        raise RuntimeError("gone, too")

    good = Collector(stream, 0)
    odd = Collector(stream, 0, picky)
    bad = StreamFollower(broken, stream, 0, close=close)
    for follower in (bad, good.follower, odd.follower):
        await follower.start()
    await in_thread(publish_many, stream, [5, 0, 2])
    await good.until(lambda c: c.entries == [5, 0, 2])
    await odd.until(lambda c: len(c.frames) == 2)
    await stop(good, odd)
    return bad.topic is None, codes, odd.frames


def websocket():
    """The server's end of an open WebSocket, autobahn's own, on a transport that keeps all."""
    from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
    from twisted.test.proto_helpers import StringTransport

    factory = WebSocketServerFactory()
    factory.protocol = WebSocketServerProtocol
    factory.setProtocolOptions(openHandshakeTimeout=0)
    protocol, transport = factory.buildProtocol(None), StringTransport()
    transport.dataBuffer = b""
    protocol.makeConnection(transport)
    protocol.dataReceived(
        b"GET / HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert protocol.state == protocol.STATE_OPEN
    transport.clear()
    return protocol


@in_loop
async def written_directly(stream):
    """A daphne connection gets the same bytes without a task; what it cannot take waits."""
    protocols, plain = [websocket(), websocket()], websocket()
    collectors = [Collector(stream, LATEST, backlog=flow.Wire(one)) for one in protocols]
    for collector in collectors:
        await collector.follower.start()
        await collector.until(lambda c: "live" in c.kinds())
    await in_thread(publish_many, stream, ["a", "b"])
    while not all(one.transport.value() for one in protocols):
        await asyncio.sleep(0.01)
    epoch = hub.Hub.current().topics[stream].epoch
    plain.sendMessage(entries_frame(stream, 1, ['"a"', '"b"'], epoch).encode(), False)
    same = [one.transport.value() == plain.transport.value() for one in protocols]
    # Full, and closing: both take the usual way, where limits are looked at.
    protocols[0].transport.dataBuffer = b"x" * 100000
    protocols[1].state = protocols[1].STATE_CLOSING
    await in_thread(publish, stream, "c")
    for collector in collectors:
        await collector.until(lambda c: c.entries == ["c"])
    same += [one.transport.value() == plain.transport.value() for one in protocols]
    await asyncio.sleep(0)
    tasks = [collector.follower.task for collector in collectors]
    await stop(*collectors)
    return same, tasks


@in_loop
async def coalesced(stream, count):
    """Notifications that come together make one frame for a reader that is up to date."""
    protocol = websocket()
    collector = Collector(stream, LATEST, backlog=flow.Wire(protocol))
    await collector.follower.start()
    await collector.until(lambda c: "live" in c.kinds())
    current = hub.Hub.current()
    for seq in range(1, count + 1):
        current.on_notification(
            {"type": "streams.bell", "stream": stream, "first": seq, "last": seq, "bodies": ["1"]}
        )
    while not protocol.transport.value():
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    tail = current.topics[stream].tail
    kept = len(tail.bodies)
    current.topics[stream].rest()
    rested = len(tail.bodies)
    await stop(collector)
    return protocol.transport.value().count(b'"entries"'), kept, rested


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


def go_back(stream, head):
    """As a database that was restored from a backup: with the epoch of then."""
    Entry.objects.filter(stream__name=stream, seq__gt=head).delete()
    Stream.objects.filter(name=stream).update(last_seq=head)


def delete(stream):
    Entry.objects.filter(stream__name=stream).delete()
    Stream.objects.filter(name=stream).delete()


def delete_and_make_anew(stream):
    delete(stream)
    publish_many(stream, ["anew"] * 12)


HISTORIES = {
    "back": lambda stream: go_back(stream, 3),
    "deleted": delete,
    "anew": delete_and_make_anew,
    "command": lambda stream: call_command("streams", "epoch", stream, verbosity=0),
}


@in_loop
async def another_history(stream, way):
    """
    The log is not the one that readers have seen, which each of them is told in its own way: one
    that knows of epochs, one of before, and a plain one.
    """
    await in_thread(publish_many, stream, range(10))
    first = (await in_thread(epochs.position, stream)).epoch
    reader, old, plain = (
        Collector(stream, 0, epoch=""), Collector(stream, 0), Collector(stream, 10, str)
    )  # fmt: skip
    for collector in (reader, old, plain):
        await collector.follower.start()
    await reader.until(lambda c: len(c.entries) == 10 and "live" in c.kinds())
    # Not behind, so that it may not be beyond the head when it comes back.
    await in_thread(HISTORIES[way], stream)
    await reader.until(lambda c: c.kinds()[-1] == "live" and "reset" in c.kinds())
    await old.until(lambda c: c.closed)
    await in_thread(publish, stream, "next")
    await reader.until(lambda c: c.entries[-1:] == ["next"])
    await plain.until(lambda c: c.frames)
    second = (await in_thread(epochs.position, stream)).epoch
    assert second and second != first
    # Later, a page that was asleep meanwhile: it is where the log has grown past its number, too.
    asleep, beyond = (
        Collector(stream, 1, epoch=first), Collector(stream, 100, epoch=second)
    )  # fmt: skip
    for collector in (asleep, beyond):
        await collector.follower.start()
        await collector.until(lambda c: c.entries == reader.entries and c.kinds()[-1] == "live")
    said = [collector.frames[0] for collector in (asleep, beyond)]
    assert said == [{"type": "reset", "stream": stream, "epoch": second}] * 2
    assert {frame["epoch"] for frame in asleep.frames} == {second}
    awake = Collector(stream, 1, epoch=second)
    await awake.follower.start()
    await awake.until(lambda c: c.entries == reader.entries[1:])
    assert "reset" not in awake.kinds()
    await stop(reader, plain, asleep, beyond, awake)
    resets = [frame["epoch"] for frame in reader.frames if frame["type"] == "reset"]
    return reader.entries, old.closed, plain.frames, len(resets)


@in_loop
async def beats(stream, count):
    """Readers who know of them get beats, also where frames cannot be written directly."""
    protocol = websocket()
    readers = [
        Collector(stream, 0, epoch=""),
        Collector(stream, 0, epoch="", backlog=flow.Wire(protocol)),
        Collector(stream, 0),
        Collector(stream, 0, str, epoch=""),
    ]
    for reader in readers:
        await reader.follower.start()
    await readers[0].until(lambda c: c.kinds().count("beat") == count)
    while protocol.transport.value().count(b'{"type":"beat"}') < count:
        await asyncio.sleep(0.01)
    (beat,) = [frame["beat"] for frame in readers[0].frames if frame["type"] == "live"]
    # One whose connection breaks at that moment is let go, and the others go on.
    readers[0].follower.send_text = lambda text: 1 / 0
    protocol.sendPreparedMessage = lambda message: 1 / 0
    await readers[0].until(lambda c: c.closed)
    await readers[1].until(lambda c: c.closed)
    # Many are spread over the interval.
    many = [Collector(stream, 0, epoch="") for _ in range(128)]
    for reader in many:
        await reader.follower.start()
    heartbeat = hub.Hub.current().heartbeat
    spread = sorted({len(turn) for turn in heartbeat.turns})
    await stop(*many)
    left = sum(map(len, heartbeat.turns))
    await stop(*readers)
    codes = [reader.closed for reader in readers]
    return beat, [r.kinds() for r in readers[2:]], codes, spread, left


@in_loop
async def histories_of_before(stream):
    """A stream that a process of the version before made has no epoch, and gets one unnoticed."""
    collector = Collector(stream, 0, epoch="")
    await collector.follower.start()
    await collector.until(lambda c: "live" in c.kinds())
    await in_thread(publish_many, stream, range(3))
    await collector.until(lambda c: len(c.entries) == 3)
    unheard = stream + "b"
    await in_thread(lambda: Stream.objects.create(name=unheard, last_seq=0, size=0, epoch=None))
    other = Collector(unheard, 0, epoch="")
    await other.follower.start()
    await other.until(lambda c: "live" in c.kinds())
    await in_thread(publish, unheard, 0)
    await other.until(lambda c: len(c.entries) == 1)
    await stop(collector, other)
    epoch = (await in_thread(epochs.position, unheard)).epoch
    return [frame.get("epoch") == epoch for frame in other.frames], collector.kinds()


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
