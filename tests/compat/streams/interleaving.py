"""
Followers of a log in memory, on a clock that does not wait: each seed is another interleaving of
publishers, notifications that are late, lost or repeated, reads, trimming, readers who come and go,
histories that end because the log goes back, is deleted, or gets another epoch.
"""

import asyncio
import itertools
import json
import random
import selectors

from compat.channel_layer import per_loop
from compat.streams import entries as segment
from compat.streams import epochs, flow, hub, store, topic
from compat.streams.follower import LATEST, SinceBeyondHead, StreamFollower

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


class Numbered(StreamFollower):
    """In a set they come in the same order in each run: a seed that fails does so again."""

    __slots__ = ("number",)

    def __init__(self, number, *args):
        self.number = number
        super().__init__(*args)

    def __hash__(self):
        return self.number


class Reader(flow.Wire):
    """
    A connection that takes frames directly or not, and checks them: entry n of an epoch says so.

    Without an epoch of its own it is one of before, which is closed when a history ends.
    """

    __slots__ = ("world", "next", "lives", "epoch", "follower")

    def __init__(self, world, since, epoch):
        self.world = world
        self.next = None if since == LATEST else since + 1
        self.lives = 0
        self.epoch = epoch
        backlog = self if world.random.random() < 0.7 else None
        more = self.send, "s", since, None, self.close, backlog, epoch
        self.follower = Numbered(next(world.numbers), *more)

    def __call__(self):
        return 0

    def write(self, frames):
        if self.world.random.random() < 0.3:
            return False
        for text in frames.texts:
            self.take(**json.loads(text))
        return True

    async def start(self):
        try:
            await self.follower.start()
        except SinceBeyondHead:
            self.follower.stop()
            await self.close(4409)

    async def send(self, text):
        await self.world.dawdle()
        self.take(**json.loads(text))

    async def close(self, code):
        if self.epoch is not None or code != 4409:
            self.world.faults.append(f"closed: {code}")
        self.lives = None

    def take(self, type, **fields):
        if type != "beat":
            fields.pop("beat", None)
            self.take_of_stream(type, **fields)
        elif self.epoch is None:
            self.world.faults.append("a beat for a reader who does not know what it is")

    def take_of_stream(
        self, type, stream, first=None, bodies=(), oldest=None, seq=None, epoch=None
    ):
        if type == "reset":
            if self.epoch is None:
                self.world.faults.append("reset of a reader who knows of no epochs")
            self.next, self.lives, self.epoch = 1, 0, epoch or ""
            return
        if self.epoch == "":
            self.epoch = epoch or ""
        elif self.epoch is not None and type != "gap" and epoch != self.epoch:
            self.world.faults.append(f"{type} of {epoch} instead of {self.epoch}")
        begin = {"entries": first, "gap": oldest, "live": None if seq is None else seq + 1}[type]
        wanted = self.next in (None, begin) or (type == "gap" and self.next < begin)
        said = [f"{epoch}-{number}" for number in range(begin, begin + len(bodies))]
        if not wanted or list(bodies) != said:
            self.world.faults.append(f"{type} {begin} {bodies} instead of {self.next}")
        self.next = begin + len(bodies)
        self.lives += type == "live"

    def is_done(self):
        if self.lives is None:
            return True
        return (self.next, self.lives) == (self.world.head + 1, 1)


class World:
    """A stream, and what happens to it by chance."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.restores = seed % 2
        self.head, self.oldest, self.epoch, self.epochs = 0, 1, None, 0
        self.readers, self.starts, self.faults = [], [], []
        self.numbers = itertools.count()

    async def dawdle(self):
        for _ in range(self.random.choice((0, 0, 1, 3, 10))):
            await asyncio.sleep(self.random.choice((0, 0, 0.001)))

    async def database(self, _, function, *args):
        await self.dawdle()
        if function is store.page:
            seqs = range(max(args[1] + 1, self.oldest), self.head + 1)[: args[2]]
            result = [store.Row(seq, self.body(seq)) for seq in seqs]
            result = (self.epoch if result else None), result
        else:
            if function is epochs.change and args[1] == self.epoch and self.epoch:
                self.change()
            result = epochs.Position(self.head, self.epoch) if self.epoch else epochs.NOWHERE
            if function is epochs.positions:
                result = dict.fromkeys(args[0], result) if self.epoch else {}
        await self.dawdle()
        return result

    def body(self, seq):
        return f'"{self.epoch}-{seq}"'

    def change(self):
        self.epochs += 1
        self.epoch = f"e{self.epochs}"

    def restore(self):
        """What there is now is of another history, which the epoch says, or nothing does."""
        if self.epoch and self.restores:
            way = self.random.choice(("command", "back", "deleted"))
            if way == "deleted":
                self.head, self.oldest, self.epoch = 0, 1, None
            elif way == "back" and self.head:
                # The entries that stay are of the new epoch at once.
                self.head = self.random.randint(0, self.head - 1)
                self.oldest = min(self.oldest, self.head + 1)
                self.change()
            else:
                self.change()

    def publish(self):
        if self.epoch is None:
            self.change()
        first = self.head + 1
        self.head += self.random.choice((1, 1, 1, 2, 5, 30))
        message = {"type": "streams.bell", "stream": "s", "first": first, "last": self.head}
        message["epoch"] = self.epoch
        if self.random.random() < 0.7:
            message["bodies"] = list(map(self.body, range(first, self.head + 1)))
        loop = asyncio.get_event_loop()
        for _ in range(self.random.choice((0, 1, 1, 1, 2))):
            loop.call_later(self.random.choice((0, 0, 0.001, 0.004)), self.tell, message)

    def tell(self, message):
        for current in per_loop._current.values():
            current.on_notification(message)

    def come(self):
        since = self.random.choice((-1, 0, self.random.randint(0, self.head), self.head))
        epoch = self.random.choice((None, "", self.epoch or "", "e1"))
        if not since or since == LATEST:
            epoch = epoch and ""  # nothing of an epoch was seen yet
        self.readers.append(Reader(self, since, epoch))
        self.starts.append(asyncio.ensure_future(self.readers[-1].start()))

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
        deeds = (self.publish, self.come, self.go, self.trim, self.restore, lambda: None)
        for _ in range(STEPS):
            self.random.choices(deeds, (45, 15, 8, 7, 4, 21))[0]()
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
    for seed in seeds:
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
