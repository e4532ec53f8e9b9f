"""Scenarios of presence in one process; run as those of appending.py are."""

import asyncio
import json
import os
import time
from types import SimpleNamespace

from django.db import connection
from django.test.utils import CaptureQueriesContext

from compat.streams import apresence, flow, hub, presence, roll
from compat.streams.attendance import Visit
from compat.streams.models import Attendance, Server

from .connections import websocket
from .following import Collector, in_loop, in_thread, stop


def person(pk):
    return SimpleNamespace(pk=pk, is_authenticated=True)


class Reader(Collector):
    """A follower with presence."""

    def __init__(self, stream, pk=None, shown=None, watch=False, **more):
        super().__init__(stream, 0, **more)
        self.follower.visit = Visit(person(pk) if pk else None, shown, watch)

    @property
    def told(self):
        found = [frame for frame in self.frames if frame.get("type") == "presence"]
        return [(frame["count"], frame["who"]) for frame in found]

    async def hears(self, count, who=None):
        def ready(self):
            return self.told and self.told[-1][0] == count and who in (None, self.told[-1][1])

        await self.until(ready)


async def enter(*readers):
    for reader in readers:
        await reader.follower.start()


async def rounds(count=3):
    """Wait until what happened before has been written and told."""
    current = hub.Hub.current().attendance
    turn = current.turn
    while current.turn < turn + count:
        await asyncio.sleep(0.01)


@in_loop
async def come_and_go(stream):
    """Who is counted, told and shown, from the first to the last."""
    mute, wanda = Reader(stream, "mute"), Reader(stream, "wanda", watch=True)
    ann = Reader(stream, "ann", {"name": "Ann"}, watch=True)
    await enter(mute, wanda, ann)
    await wanda.hears(3, [{"name": "Ann"}])
    assert ann.kinds()[:2] == ["live", "presence"]
    tab = Reader(stream, "ann", {"name": "another Ann"}, watch=True)
    guests = [Reader(stream) for _ in range(3)]
    elsewhere = Reader(stream + "2", "ann")
    await enter(tab, *guests, elsewhere)
    await wanda.hears(6, [{"name": "Ann"}])
    await tab.hears(6)
    here = await in_thread(presence, stream)
    assert here == (6, 3, 3, [{"name": "Ann"}]), here
    total = await apresence()
    assert total[:3] == (6, 3, 3), total
    await stop(*guests)
    await wanda.hears(3)
    # One of her tabs goes; then the other, and she is back before she has been away for long.
    told = len(wanda.told)
    await stop(tab)
    await rounds()
    await stop(ann)
    await rounds(1)
    back = Reader(stream, "ann", {"name": "Ann, later"}, watch=True)
    await enter(back)
    await rounds()
    assert back.told == [(3, [{"name": "Ann"}])], back.told
    assert len(wanda.told) == told, wanda.told
    await stop(back)
    await wanda.hears(2, [])
    counts = [count for count, _ in wanda.told]
    rooms = [one.name for one in hub.Hub.current().attendance.rooms.values()]
    kinds = mute.kinds()
    await stop(elsewhere)
    await rounds()
    left = [one.name for one in hub.Hub.current().attendance.rooms.values()]
    await stop(mute, wanda)
    return counts, kinds, len(rooms), len(left)


@in_loop
async def a_thousand(stream, count, connections):
    """Many come at once: what that costs the database, and what each of those here is told."""
    watcher = Reader(stream, "watcher", {"name": "W"}, watch=True)
    await enter(watcher)
    await watcher.hears(1)
    current = hub.Hub.current().attendance
    statements, sent = [], []
    ask, send = current._in_thread, current._send

    def asked(*args):
        with CaptureQueriesContext(connection) as captured:
            found = ask(*args)
        statements.append([one["sql"] for one in captured.captured_queries])
        return found

    def counted(follower, frames):
        sent.append(follower)
        return send(follower, frames)

    current._in_thread, current._send = asked, counted
    readers = [
        Reader(stream, f"p{number % (count // 2)}", {"name": number}, watch=True)
        for number in range(count)
    ]
    for reader in readers[:connections]:
        reader.follower.backlog = flow.Wire(websocket())
    await asyncio.gather(*[reader.follower.start() for reader in readers])
    await watcher.hears(count // 2 + 1)
    before = current.turn
    await rounds(4)
    told = len(sent)
    settled = current.turn - before
    rows = await in_thread(lambda: Attendance.objects.count())
    body = await in_thread(lambda: max(len(one.body) for one in Attendance.objects.all()))
    who = watcher.told[-1][1]
    times = [len(reader.told) for reader in readers[connections:]]
    most = max(map(len, statements))
    await stop(*readers)
    await watcher.hears(1, [{"name": "W"}])
    frames = len(watcher.told)
    turns = current.turn
    await stop(watcher)
    return {
        "statements": most,
        "rows": rows,
        "body": body,
        "who": len(who),
        "first": who[0],
        "told": told,
        "each": max(times),
        "settled": settled >= 4,
        "frames": frames <= turns,
    }


@in_loop
async def one_more(stream, count):
    """What one who comes costs in calls, where so many are already."""
    import cProfile
    import pstats

    readers = [Reader(stream, f"p{number}", {"n": number}, watch=True) for number in range(count)]
    await asyncio.gather(*[reader.follower.start() for reader in readers])
    await readers[0].hears(count)
    await rounds(1)
    current = hub.Hub.current().attendance
    late = Reader(stream, "late", watch=True).follower
    profile = cProfile.Profile()
    profile.runcall(current.enter, late)
    profile.runcall(current.leave, late)
    calls = pstats.Stats(profile).total_calls
    await stop(*readers)
    return calls


@in_loop
async def slow_and_broken(stream):
    """A reader that is full is told later, one that breaks is let go, and others are told."""
    protocols = [websocket(), websocket()]
    full = Reader(stream, "full", watch=True, backlog=flow.Wire(protocols[0]))
    broken = Reader(stream, "broken", watch=True, backlog=flow.Wire(protocols[1]))
    plain = Reader(stream, "plain", watch=True)
    protocols[0].transport.dataBuffer = b"x" * 100000
    protocols[1].sendPreparedMessage = lambda message: 1 / 0
    await enter(full, broken, plain)
    await broken.until(lambda c: c.closed)
    await plain.hears(2)
    held = protocols[0].transport.value().count(b'"presence"')
    protocols[0].transport.dataBuffer = b""
    while b'"count":2' not in protocols[0].transport.value():
        await asyncio.sleep(0.01)
    protocols[0].transport.dataBuffer = b"x" * 100000
    await enter(Reader(stream))
    await plain.hears(3)
    await rounds(1)
    protocols[0].transport.dataBuffer = b""
    while b'"count":3' not in protocols[0].transport.value():
        await asyncio.sleep(0.01)
    plain.follower.send_text = lambda text: 1 / 0
    await enter(Reader(stream, "late"))
    await plain.until(lambda c: c.closed)
    for follower in list(hub.Hub.current().attendance.visits):
        await stop(SimpleNamespace(follower=follower))
    return held, broken.closed, plain.closed


@in_loop
async def come_while_it_writes(stream):
    """A guest comes and goes while a round writes that the room is empty; then another comes."""
    other = Reader(stream + "2", "ann", watch=True)
    first, short, last = Reader(stream), Reader(stream), Reader(stream)
    await enter(other, first)
    await rounds()
    current = hub.Hub.current().attendance
    loop, ask = current.hub.loop, current._in_thread
    seen = []

    async def come_and_leave():
        current.enter(short.follower)
        current.leave(short.follower)

    def asked(rows, *args):
        if not seen and any(not sheet.guests and not sheet.people for _, sheet in rows):
            seen.append(rows)
            asyncio.run_coroutine_threadsafe(come_and_leave(), loop).result()
        return ask(rows, *args)

    current._in_thread = asked
    short.follower.stream, short.follower.visit = stream, Visit(None)
    await stop(first)
    while stream in current.rooms:
        await asyncio.sleep(0.001)
    await enter(last)
    await rounds(3)
    here = (await in_thread(presence, stream)).count
    rooms = stream in current.rooms
    await stop(last)
    await rounds(3)
    gone = (await in_thread(presence, stream)).count, stream in current.rooms
    await stop(other)
    return len(seen), here, rooms, gone


@in_loop
async def without_the_tables(stream):
    """The database fails presence: entries come all the same, and it is right afterwards."""

    def rename(was, name):
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {was} RENAME TO {name}")

    table = Attendance._meta.db_table
    watcher = Reader(stream, "ann", watch=True)
    await enter(watcher)
    await watcher.hears(1)
    await in_thread(rename, table, "away")
    try:
        await enter(Reader(stream, "otto"), Reader(stream))
        # What is known of this process is told.
        await watcher.hears(3)
    finally:
        await in_thread(rename, "away", table)
    while (await in_thread(presence, stream)).count != 3:
        await asyncio.sleep(0.05)
    # Somebody takes all that it has stored for that of a dead process.
    await in_thread(lambda: Attendance.objects.all().delete())
    await in_thread(lambda: Server.objects.all().delete())
    hub.Hub.current().attendance.renewed -= roll.lease() / 2
    while (await in_thread(presence, stream)).count != 3:
        await asyncio.sleep(0.05)
    for follower in list(hub.Hub.current().attendance.visits):
        follower.stop()
    await asyncio.sleep(0.3)
    return "well"


def dead_processes(stream):
    """Leases that are over, of this machine and of others; and how long each may still count."""
    register = roll.Register()
    stored = roll.Sheet(1, 1, ["x"], [])
    results = []

    def dead(**changes):
        ghost = roll.Register()
        ghost.renew()
        ghost.write([(roll.digest(stream), stored)])
        Server.objects.filter(id=ghost.server).update(**changes)
        return ghost.server

    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    dead(pid=child)
    dead(life="another")
    here = dead(machine="elsewhere")
    silent = dead(machine="elsewhere")
    beat = Server.objects.get(id=silent).beat
    results.append(presence(stream).count)  # people of the four count once
    Server.objects.filter(id=silent).update(beat=beat - 1000 * roll.lease() - 1)
    results.append(presence(stream).count)
    register.renew()
    register.sweep()
    left = set(Server.objects.values_list("id", flat=True))
    results.append(left == {register.server, here, silent})
    results.append(presence(stream).count)
    Server.objects.filter(id=silent).update(beat=beat - 3000 * roll.lease() - 10000)
    register.sweep()
    left = set(Server.objects.values_list("id", flat=True))
    results.append(left == {register.server, here})
    results.append(Attendance.objects.filter(server_id=silent).count())
    # One that leaves in good order takes its guests along; its people may be on their way.
    with_guest = roll.Register()
    with_guest.renew()
    with_guest.write([(roll.digest(stream), roll.Sheet(1, 5, ["y"], []))])
    results.append(presence(stream)[:3])
    with_guest.resign()
    results.append(presence(stream)[:3])
    deadline = time.monotonic() + 10
    while presence(stream)[:3] != (2, 1, 1):
        assert time.monotonic() < deadline, presence(stream)
        time.sleep(0.05)
    results.append(roll.counts([stream, "nobody's"]))
    connection.close()
    return json.loads(json.dumps(results).replace(stream, "stream"))
