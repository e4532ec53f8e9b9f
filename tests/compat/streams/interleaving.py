"""
Followers of a log in memory, on a clock that does not wait: each seed is another interleaving of
publishers, notifications that are late, lost or repeated, reads, trimming, readers who come and go.
"""

import asyncio
import json
import random
import selectors

from compat.channel_layer import per_loop
from compat.streams import entries as segment
from compat.streams import flow, hub, store, topic
from compat.streams.follower import LATEST, StreamFollower

STEPS = 120
SETTLED = 3.0  # seconds of the loop's clock, many polls

# So small that everything is cut, trimmed and read again all the time.
SMALL = {
    topic: dict(TAIL_ENTRIES=20, TAIL_CHARACTERS=600, REST_ENTRIES=5, REST_CHARACTERS=99),
    segment: dict(FRAME_ENTRIES=7, FRAME_CHARACTERS=200),
}
SMALL[topic].update(SMALL[segment], PAGES=2, FRAMES=3, LEAST_PAGE=3)


class Clock(selectors.DefaultSelector):
    """Where the loop would sleep, its time goes on instead."""

    now = 0.0

    def select(self, timeout=None):
        self.now += timeout or 0
        return super().select(0)


class Reader(flow.Wire):
    """A connection that takes frames directly or not, and checks them: entry n says n."""

    __slots__ = ("world", "next", "lives", "follower")

    def __init__(self, world, since):
        self.world = world
        self.next = None if since == LATEST else since + 1
        self.lives = 0
        backlog = self if world.random.random() < 0.7 else None
        self.follower = StreamFollower(self.send, "s", since, None, self.close, backlog)

    def __call__(self):
        return 0

    def write(self, frames):
        if self.world.random.random() < 0.3:
            return False
        for text in frames.texts:
            self.take(**json.loads(text))
        return True

    async def send(self, text):
        await self.world.dawdle()
        self.take(**json.loads(text))

    async def close(self, code):
        self.world.faults.append(f"closed: {code}")

    def take(self, type, stream, first=None, bodies=(), oldest=None, seq=None):
        begin = {"entries": first, "gap": oldest, "live": None if seq is None else seq + 1}[type]
        wanted = self.next in (None, begin) or (type == "gap" and self.next < begin)
        if not wanted or list(bodies) != list(range(begin, begin + len(bodies))):
            self.world.faults.append(f"{type} {begin} {bodies} instead of {self.next}")
        self.next = begin + len(bodies)
        self.lives += type == "live"

    def is_done(self):
        return (self.next, self.lives) == (self.world.head + 1, 1)


class World:
    """A stream, and what happens to it by chance."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.head, self.oldest = 0, 1
        self.readers, self.starts, self.faults = [], [], []

    async def dawdle(self):
        for _ in range(self.random.choice((0, 0, 1, 3, 10))):
            await asyncio.sleep(self.random.choice((0, 0, 0.001)))

    async def database(self, _, function, *args):
        await self.dawdle()
        if function is store.read:
            seqs = range(max(args[1] + 1, self.oldest), self.head + 1)[: args[2]]
            result = [store.Row(seq, str(seq)) for seq in seqs]
        else:
            result = self.head if function is store.head else dict.fromkeys(args[0], self.head)
        await self.dawdle()
        return result

    def publish(self):
        first = self.head + 1
        self.head += self.random.choice((1, 1, 1, 2, 5, 30))
        message = {"type": "streams.bell", "stream": "s", "first": first, "last": self.head}
        if self.random.random() < 0.7:
            message["bodies"] = list(map(str, range(first, self.head + 1)))
        loop = asyncio.get_event_loop()
        for _ in range(self.random.choice((0, 1, 1, 1, 2))):
            loop.call_later(self.random.choice((0, 0, 0.001, 0.004)), self.tell, message)

    def tell(self, message):
        for current in per_loop._current.values():
            current.on_notification(message)

    def come(self):
        since = self.random.choice((-1, 0, self.random.randint(0, self.head), self.head))
        self.readers.append(Reader(self, since))
        self.starts.append(asyncio.ensure_future(self.readers[-1].follower.start()))

    def go(self):
        if self.readers:
            number = self.random.randrange(len(self.readers))
            reader, start = self.readers.pop(number), self.starts.pop(number)
            if self.random.random() < 0.5:
                start.cancel()
            reader.follower.stop()

    def trim(self):
        self.oldest = max(self.oldest, self.random.randint(max(1, self.head - 30), self.head + 1))

    async def run(self):
        """Live through it; returns what is wrong when all is quiet."""
        deeds = (self.publish, self.come, self.go, self.trim, lambda: None)
        for _ in range(STEPS):
            self.random.choices(deeds, (45, 15, 8, 7, 25))[0]()
            await asyncio.sleep(0)  # who came has begun to start
            await self.dawdle()
        loop = asyncio.get_event_loop()
        end = loop.time() + SETTLED
        while loop.time() < end and not all(reader.is_done() for reader in self.readers):
            await asyncio.sleep(0.01)
        stuck = [reader.next for reader in self.readers if not reader.is_done()]
        ending = sum((reader.follower.stop() for reader in self.readers), [])
        await asyncio.wait(ending + self.starts + [loop.create_task(asyncio.sleep(0.01))])
        return self.faults + [f"stuck before {seq} of {self.head}" for seq in stuck]


def interleavings(seeds):
    """Returns {seed: what went wrong}."""
    for module, numbers in SMALL.items():
        for name, number in numbers.items():
            assert hasattr(module, name)
            setattr(module, name, number)
    found = {}
    for seed in range(seeds):
        clock, world = Clock(), World(seed)
        loop = asyncio.SelectorEventLoop(clock)
        loop.time = lambda clock=clock: clock.now
        asyncio.set_event_loop(loop)
        hub.Hub.database = lambda *args, world=world: world.database(*args)
        faults = loop.run_until_complete(world.run())
        loop.close()
        if faults:
            found[seed] = faults
    return found
