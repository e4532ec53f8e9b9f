"""A log in a list, and those who read it: what tests tell step by step, without a database."""

import asyncio
import json
from types import SimpleNamespace

from compat.streams import epochs, store
from compat.streams.follower import StreamFollower
from compat.streams.topic import Topic


class Hub:
    """`log`: JSON texts from number `first` on; `pause`: an event that reads wait for."""

    def __init__(self, log=(), first=1):
        self.loop = asyncio.get_event_loop()
        self.log, self.first, self.epoch = list(log), first, "e1"
        self.poll_early = asyncio.Event()
        self.pause, self.asked, self.joined = None, [], []
        self.topics, self.left, self.delivered = {}, [], 0
        self.heartbeat = Heartbeat(self.loop)

    async def join(self, group):
        self.joined.append(group)

    async def database(self, function, *arguments):
        self.asked.append((function, *arguments))
        head = self.first + len(self.log) - 1
        if self.pause is not None:
            await self.pause.wait()
        if function is epochs.known:
            return epochs.Position(head, self.epoch)
        _, since, limit = arguments
        since = max(since, self.first - 1)
        texts = self.log[since - self.first + 1 :][:limit]
        rows = [store.Row(seq, text) for seq, text in enumerate(texts, since + 1)]
        return (self.epoch if rows else None), rows

    def pages(self):
        return [asked[2] for asked in self.asked if asked[0] is store.page]

    def looks(self):
        return [asked[0] for asked in self.asked].count(epochs.known)

    def enter(self, follower):
        topic = self.topics.get(follower.stream)
        if topic is None:
            topic = self.topics[follower.stream] = Topic(self, follower.stream, "group")
        topic.followers.add(follower)
        return topic

    def leave(self, topic, follower):
        topic.forget(follower)
        self.left.append(follower)
        return []

    def publish(self, *texts):
        """Append, and announce it."""
        first = self.first + len(self.log)
        self.log += texts
        for topic in self.topics.values():
            topic.notified(first, first + len(texts) - 1, list(texts), None, self.epoch)

    def begin_anew(self, epoch, *texts):
        """The log is another one, and everybody is told."""
        self.log, self.epoch = list(texts), epoch
        for topic in self.topics.values():
            topic.turn(epochs.Position(len(texts), epoch))


class Heartbeat:
    """Of the hub's: what followers ask of it."""

    def __init__(self, loop):
        self.loop, self.seconds, self.frames, self.tasks = loop, 15, "beats", []

    def later(self, coroutine):
        self.tasks.append(self.loop.create_task(coroutine))


class Reader(StreamFollower):
    """A follower whose socket is a list; `fails` is raised in the place of sending."""

    __slots__ = ("__dict__",)

    def __init__(self, since=0, **options):
        self.texts, self.codes, self.fails = [], [], None
        options.setdefault("close", self.closed)
        super().__init__(self.take, "s", since, **options)

    async def take(self, text):
        if self.fails is not None:
            raise self.fails
        self.texts.append(text)

    async def closed(self, code):
        self.codes.append(code)

    def frames(self):
        return [json.loads(text) for text in self.texts]

    def kinds(self):
        return [frame.get("type", "message") for frame in self.frames()]


def following(monkeypatch, module, *log, **options):
    """A Hub that followers find as the loop's own."""
    hub = Hub(log, **options)
    monkeypatch.setattr(module, "Hub", SimpleNamespace(current=lambda: hub))
    return hub


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)
