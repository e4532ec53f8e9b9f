"""Readers come and go at any moment of a round whose database may fail: nobody stays or is lost."""

import asyncio
import collections
import json
import random
from types import SimpleNamespace

import pytest

from compat._asyncio import end_task
from compat.streams import attendance
from compat.streams.attendance import Attendance, Visit
from compat.streams.roll import TOTAL

STEPS = 1200
PAUSES = (0, 0, 0.0002, 0.001)


class Reader:
    """What presence needs of a follower."""

    live, over, backlog, task = True, False, None, None

    def __init__(self, stream, key, watch):
        user = key and SimpleNamespace(is_authenticated=True, pk=key)
        self.stream = stream
        self.visit = Visit(user, {"name": key} if key else None, watch)
        self.told = None

    async def send_beside(self, text):
        self.told = json.loads(text)["count"]


class Hub:
    """Visits to a database that is slow and fails now and then, before or after it did its part."""

    def __init__(self, chance):
        self.loop = asyncio.get_event_loop()
        self.chance = chance
        self.failing = 0.05
        self.warnings = []
        self.throttle = SimpleNamespace(log=lambda _, text, *words: self.warnings.append(words))
        self.table = {}

    async def ask(self, function, *args):
        await self.stumble()
        result = function(*args)
        await self.stumble()
        return result

    async def stumble(self):
        await asyncio.sleep(self.chance.choice(PAUSES))
        if self.chance.random() < self.failing:
            raise OSError("away")

    def later(self, coroutine):
        self.loop.create_task(coroutine)

    def round(self, rows, watched, known):
        """In place of Attendance._in_thread."""
        if self.chance.random() < self.failing:
            self.table.clear()
            return None
        for digest, sheet in rows:
            self.table[digest] = sheet
            if not sheet.people and not sheet.guests:
                del self.table[digest]
        return {digest: {} for digest in watched}


async def scenario(chance):
    """Whoever is left after many came and went, and what is known of them after a few rounds."""
    hub = Hub(chance)
    found = Attendance(hub)
    found._in_thread = hub.round
    here = []

    def comes(key, watch):
        here.append(Reader(f"s{chance.randrange(3)}", key, watch))
        found.enter(here[-1])

    for _ in range(STEPS):
        if not here or chance.random() < 0.5:
            comes(chance.choice([None, None, "a", "b", "c"]), chance.random() < 0.5)
        else:
            found.leave(here.pop(chance.randrange(len(here))))
        if chance.random() < 0.2:
            comes(None, False)
            found.leave(here.pop())
        while len(here) > 6:
            found.leave(here.pop())
        await asyncio.sleep(chance.choice(PAUSES))
    hub.failing, turn = 0, found.turn
    while found.turn < turn + 6:
        await asyncio.sleep(0.001)
    await end_task(found.task)
    return hub, found, here


@pytest.mark.parametrize("seed", range(4))
def test_what_is_known_is_who_is_here(seed, monkeypatch):
    monkeypatch.setattr(attendance, "PRESENCE_SECONDS", lambda: 0.0005)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        hub, found, here = loop.run_until_complete(scenario(random.Random(seed)))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    # What went wrong is the database's doing, and nothing else.
    assert {words[0] for words in hub.warnings} <= {"OSError"}
    streams = collections.defaultdict(list)
    for reader in here:
        streams[reader.stream].append(reader)
        streams[TOTAL].append(reader)
    assert set(found.rooms) == set(streams) | {TOTAL} and not found.touched
    table = {}
    for name, readers in streams.items():
        people = {reader.visit.key for reader in readers} - {None}
        guests = sum(reader.visit.key is None for reader in readers)
        room = found.rooms[name]
        assert room.sheet[:3] == (len(people), guests, sorted(people))
        table[room.digest] = room.sheet
        told = {reader.told for reader in readers if reader.visit.watch and name != TOTAL}
        assert told <= {len(people) + guests}
    assert hub.table == table
