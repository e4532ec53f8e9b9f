"""What readers who come back together, after a reload, ask of the database: little."""

import asyncio
import json
import random

import pytest

from compat.streams import follower, topic
from tests.support.virtual_time import JumpingLoop

from .by_hand import Reader, following, settle

ENTRIES, READERS = 10000, 500
LOG = ['"%s"' % ("%d " % number).ljust(120, ".") for number in range(1, ENTRIES + 1)]


@pytest.fixture
def loop():
    loop = JumpingLoop()
    asyncio.set_event_loop(loop)
    yield loop
    loop.close()
    asyncio.set_event_loop(None)


def caught_up(loop, monkeypatch, cursors, log=LOG, first=1):
    """The pages that were asked for until readers with these cursors have what is in the log."""

    async def main():
        hub = following(monkeypatch, follower, *log, first=first)
        stock, head = hub.database, first + len(log) - 1

        async def database(function, *arguments):
            await asyncio.sleep(0.001)  # others go on meanwhile
            return await stock(function, *arguments)

        hub.database = database
        readers = [Reader(cursor) for cursor in cursors]
        await asyncio.gather(*(reader.start() for reader in readers))
        while any(reader.cursor < head or reader.task for reader in readers):
            await asyncio.sleep(0.01)
        await settle()
        for reader, cursor in list(zip(readers, cursors))[:: len(readers) // 4]:
            got = []
            for frame in reader.frames():
                if frame["type"] == "entries":
                    got += range(frame["first"], frame["first"] + len(frame["bodies"]))
            assert got == list(range(max(cursor + 1, first), head + 1))
        (one,) = hub.topics.values()
        assert len(one.pages) * topic.FRAME_ENTRIES <= 2 * ENTRIES
        assert sum(page.size for page in one.pages) <= topic.PAGES_CHARACTERS
        return hub.pages()

    return loop.run_until_complete(main())


@pytest.mark.parametrize("kind", ["at one place", "anywhere"])
def test_each_part_of_the_log_is_read_once_or_so(loop, monkeypatch, kind):
    places = random.Random(7)  # noqa: S311
    cursors = {
        "at one place": [0] * 20,
        "anywhere": [places.randrange(ENTRIES) for _ in range(READERS)],
    }[kind]
    pages = caught_up(loop, monkeypatch, cursors)
    assert len(pages) <= 1.5 * ENTRIES / 256, sorted(pages)


def test_a_log_without_its_beginning(loop, monkeypatch):
    assert len(caught_up(loop, monkeypatch, [0, 3, 901, 1000], LOG[:1000], first=901)) <= 6


def test_the_frames_are_right_too(loop, monkeypatch):
    async def main():
        hub = following(monkeypatch, follower, *LOG[:700])
        reader = Reader(300)
        await reader.start()
        while reader.cursor < 700:
            await asyncio.sleep(0.01)
        await settle()
        bodies = [body for frame in reader.frames() for body in frame.get("bodies", ())]
        assert bodies == [json.loads(text) for text in LOG[300:700]]
        assert hub.delivered == 400

    loop.run_until_complete(main())
