"""How much a reader's connection holds, and what is written to it: as test_follower, by hand."""

import asyncio

import pytest

from compat import close_codes
from compat.streams import follower
from compat.streams.flow import Wire
from compat.streams.follower import LATEST

from .by_hand import Reader, settle


def slow(monkeypatch, limit=100, seconds=30):
    monkeypatch.setattr(follower, "SLOW_BYTES", lambda: limit)
    monkeypatch.setattr(follower, "SLOW_SECONDS", lambda: seconds)


@pytest.mark.parametrize("held, sent", [(0, True), (100, True), (101, False)])
def test_a_connection_that_holds_much_is_waited_for(run, monkeypatch, held, sent):
    slow(monkeypatch)
    holds = [held]

    async def scenario(hub):
        reader = Reader(0, backlog=lambda: holds[0])
        await reader.start()
        await settle()
        assert bool(reader.texts) is sent and hub.loop.time() < 1003
        holds[0] = 100
        while not reader.live:
            await asyncio.sleep(0.01)
        assert reader.kinds() == ["entries", "live"] and reader.codes == []

    run(scenario, "1")


def test_one_that_stays_stuck_is_closed(run, monkeypatch, closed):
    slow(monkeypatch)

    async def scenario(hub):
        reader = Reader(0, backlog=lambda: 101)
        await reader.start()
        while not reader.codes:
            await asyncio.sleep(0.01)
        assert 1030 < hub.loop.time() < 1030.5
        assert reader.codes == closed == [close_codes.BEHIND] and reader.texts == []

    run(scenario, "1")


@pytest.mark.parametrize("step, lasts", [(1, 70), (0, 30), (-1, 30)])
def test_one_that_takes_a_little_is_given_time(run, monkeypatch, closed, step, lasts):
    """It takes something for forty seconds, and then nothing more."""
    slow(monkeypatch)

    async def scenario(hub):
        def backlog():
            return 10000 - step * int(min(hub.loop.time() - 1000, 40) * 20)

        reader = Reader(0, backlog=backlog)
        await reader.start()
        while not reader.codes:
            await asyncio.sleep(0.01)
        assert lasts <= hub.loop.time() - 1000 < lasts + 0.5
        await settle()
        assert reader.codes == closed == [close_codes.BEHIND] and reader.texts == []

    run(scenario, "1")


class Connection(Wire):
    """A Wire into a list; `full`: nothing can be written."""

    __slots__ = ("written", "full")

    def __init__(self):
        self.written, self.full = [], False

    def __call__(self):
        return 0

    def write(self, frames):
        if self.full is not False:
            if self.full is not True:
                raise self.full
            return False
        self.written.append(frames)
        return True


def test_a_connection_is_written_to_without_a_task(run, monkeypatch):
    monkeypatch.setattr("compat.streams.entries.FRAME_ENTRIES", 2)

    async def scenario(hub):
        wire = Connection()
        reader = Reader(LATEST, backlog=wire)
        await reader.start()
        await settle()
        topic, tasks = hub.topics["s"], []
        assert reader.kinds() == ["live"] and wire.written == []
        stock = hub.loop.create_task
        hub.loop.create_task = lambda coroutine: tasks.append(1) or stock(coroutine)
        hub.publish("1", "2")
        await asyncio.sleep(0.01)
        assert [frames.cursor for frames in wire.written] == [2] and tasks == []
        reader.wake()  # for nothing
        assert (reader.cursor, reader.task, hub.delivered, tasks) == (2, None, 2, [])
        # What is left of more than a frame, a full one, and what is not in memory are a task's.
        hub.publish("3", "4", "5")
        await settle()
        assert len(wire.written) == 2 and len(tasks) == 1
        assert reader.cursor == 5 and hub.delivered == 5
        wire.full = True
        hub.publish("6")
        await settle()
        assert len(tasks) == 2 and reader.cursor == 6
        wire.full = False
        hub.log.append("7")
        topic.head = 7
        reader.wake()
        assert len(tasks) == 3 and len(wire.written) == 2
        topic.seen(7)
        await settle()
        assert reader.cursor == wire.written[-1].cursor == hub.delivered == 7
        assert [frame["bodies"] for frame in reader.frames()[1:]] == [[5], [6]]

    run(scenario)


def test_a_connection_that_breaks_is_given_up(run, closed):
    async def scenario(hub):
        wire = Connection()
        reader = Reader(LATEST, backlog=wire)
        await reader.start()
        await settle()
        wire.full = OSError("broken")
        hub.publish("1")
        await settle()
        assert reader.codes == closed == [close_codes.RESTART] and reader.topic is None

    run(scenario)


def test_a_beat_is_written_or_sent_if_nothing_else_is(run, closed):
    async def scenario(hub):
        wire = Connection()
        direct, plain = Reader(0, backlog=wire, epoch=""), Reader(0, epoch="")
        for reader in (direct, plain):
            await reader.start()
            await settle()
            reader.beat(hub.heartbeat)
        await settle()
        assert wire.written == ["beats"] and direct.kinds() == ["live"]
        assert plain.kinds() == ["live", "beat"] and plain.wants_beats()
        plain.task = "something is on its way"
        plain.beat(hub.heartbeat)
        plain.task = None
        await settle()
        assert plain.kinds() == ["live", "beat"] and len(hub.heartbeat.tasks) == 1
        wire.full = plain.fails = OSError("broken")
        direct.beat(hub.heartbeat)
        plain.beat(hub.heartbeat)
        await settle()
        assert direct.codes == plain.codes == [close_codes.RESTART]
        assert all(task.done() for task in hub.heartbeat.tasks)

    run(scenario)


def test_beats_are_promised_if_there_are_any(run):
    async def scenario(hub):
        hub.heartbeat.seconds = 0
        reader = Reader(0, epoch="")
        await reader.start()
        await settle()
        assert "beat" not in reader.frames()[0]

    run(scenario)
