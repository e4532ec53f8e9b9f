"""Scenarios of what goes wrong once, where polling would hide it: run as those of following.py."""

import asyncio
import time

from django.db import Error, OperationalError

from compat.streams import epochs, follower, head, hub, publish, publish_many, store

from .appending import everything
from .following import Collector, in_loop, in_thread, stop, unlisten


def publish_and_lose_an_answer(stream, key=None):
    """The second COMMIT is done, and nobody is told: it must not be done again."""
    publish(stream, "before")
    try:
        publish(stream, "answer lost", key=key)
    except Error as error:
        said = type(error).__name__
    else:
        said = "nothing"
    return said, everything(stream)


def heads_of_many(stream, count):
    """The heads of that many streams, asked for together."""
    names = [f"{stream}-{number}" for number in range(count)]
    for name in names[::500]:
        publish_many(name, range(3))
    found = {name: place.seq for name, place in epochs.positions(names).items()}
    numbers = sorted(map(names.index, found))
    return numbers, set(found.values()) == {3}


@in_loop
async def committed_while_joining(stream):
    """Before we are a member nobody tells us of it, and after that we know of it."""
    stock = hub.Hub.join

    async def join(self, group):
        unlisten(self)
        await in_thread(publish, stream, "meanwhile")
        await stock(self, group)

    hub.Hub.join = join
    collector = Collector(stream, 0)
    await collector.follower.start()
    await collector.until(lambda c: "live" in c.kinds())
    hub.Hub.join = stock
    await stop(collector)
    return collector.entries


@in_loop
async def database_fails_a_few_times(stream, times):
    """Reads of the head and of the log fail; they are made again until they do not."""
    await in_thread(publish_many, stream, range(3))
    failures = []

    def failing(stock):
        left = [times]

        def call(*args):
            if left[0]:
                left[0] -= 1
                failures.append(stock.__name__)
                raise OperationalError("the database is away")
            return stock(*args)

        return call

    stocks = epochs.known, store.page
    epochs.known, store.page = map(failing, stocks)
    collector = Collector(stream, 0)
    await collector.follower.start()
    await collector.until(lambda c: len(c.entries) == 3)
    epochs.known, store.page = stocks
    await stop(collector)
    return [failures.count(name) for name in ("known", "page")]


@in_loop
async def slow_reader(stream, seconds, progress):
    """A connection that holds too much for some time; with progress it takes a little at a time."""
    await in_thread(publish_many, stream, range(10))
    began = time.monotonic()
    limit = follower.SLOW_BYTES()

    def backlog():
        left = 1 - (time.monotonic() - began) / seconds
        if left <= 0:
            return 0
        return int(limit * (1 + left)) if progress else 2 * limit

    collector = Collector(stream, 0, backlog=backlog)
    await collector.follower.start()
    await collector.until(lambda c: c.closed or len(c.entries) == 10)
    await stop(collector)
    return collector.closed, len(collector.entries)


@in_loop
async def told_that_something_was_missed(stream):
    """As after an outage of the layer: heads are compared at once."""
    collector = Collector(stream, 0)
    await collector.follower.start()
    await collector.until(lambda c: "live" in c.kinds())
    current = hub.Hub.current()
    unlisten(current)
    await in_thread(publish, stream, "missed")
    await asyncio.sleep(0.2)
    before = list(collector.entries)
    current.on_return()
    await collector.until(lambda c: c.entries)
    await stop(collector)
    return before, collector.entries, await in_thread(head, stream)
