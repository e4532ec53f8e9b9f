"""What one process knows of a stream, told by hand: a hub that reads a list."""

import asyncio
from types import SimpleNamespace

import pytest

from compat.streams import epochs, store, topic
from compat.streams.entries import Segment
from compat.streams.topic import Topic

from .by_hand import Hub, settle


class Follower:
    render = task = None

    def __init__(self):
        self.woken = self.turns = 0

    def wake(self):
        self.woken += 1

    def turned(self):
        self.turns += 1


async def opened(*log, **options):
    hub = Hub(log, **options)
    one = Topic(hub, "s", "group")
    await one.opened()
    follower = Follower()
    one.followers.add(follower)
    one.ready.add(follower)
    return hub, one, follower


@pytest.fixture
def run():
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop.run_until_complete
    loop.close()
    asyncio.set_event_loop(None)


def test_what_is_announced_in_order_needs_no_read(run):
    async def main():
        hub, one, follower = await opened("1", "2")
        assert (one.head, one.epoch, one.tail.last, hub.joined) == (2, "e1", 2, ["group"])
        one.notified(3, 4, ["3", "4"], None, "e1")
        one.notified(4, 5, ["4", "5"], None, None)  # half of it is known
        one.notified(3, 4, ["x", "x"], None, "e1")  # all of it
        await settle()
        assert one.tail.bodies == ["3", "4", "5"] and one.head == 5 and hub.pages() == []
        assert follower.woken == 1  # for all of them

    run(main())


def test_what_is_missing_is_read_and_that_is_counted(run, monkeypatch):
    counted = []
    reads = SimpleNamespace(inc=lambda: counted.append(1))
    monkeypatch.setattr(topic, "stats", SimpleNamespace(log_reads=reads))

    async def main():
        hub, one, follower = await opened("1", "2")
        hub.log += ["3", "4", "5"]
        one.notified(4, 4, ["4"], None, "e1")
        one.notified(5, 5, None, None, "e1")
        await settle()
        assert hub.pages() == [2] and one.tail.bodies == ["3", "4", "5"] and follower.woken == 1
        assert one.filling is None and counted == [1]

    run(main())


def test_where_entries_are_gone_the_tail_begins_later(run):
    async def main():
        hub, one, _ = await opened("1", "2")
        hub.log, hub.first = ["5", "6"], 5
        one.notified(6, 6, None, None, "e1")
        await settle()
        assert (one.tail.first, one.tail.bodies, one.head) == (5, ["5", "6"], 6)
        hub.log = []  # and nothing is left of it
        one.notified(9, 9, None, None, "e1")
        await settle()
        assert (one.tail.first, one.tail.bodies, one.head) == (10, [], 9)

    run(main())


def test_a_hole_in_the_log_shifts_no_numbers(run, monkeypatch):
    async def main():
        hub, one, _ = await opened("1")
        rows = [store.Row(2, "2"), store.Row(3, "3"), store.Row(5, "5")]

        async def database(function, *arguments):
            return "e1", [row for row in rows if row.seq > arguments[1]]

        hub.database = database
        one.notified(5, 5, None, None, "e1")
        await settle()
        assert (one.tail.first, one.tail.bodies, one.head) == (5, ["5"], 5)

    run(main())


def test_the_group_is_joined_before_the_log_is_looked_at(run):
    """What is committed in between is announced; the other way round nobody would hear of it."""

    async def main():
        hub, may_join = Hub(["1"]), asyncio.Event()

        async def join(group):
            await may_join.wait()
            hub.log.append("2")

        hub.join = join
        one = Topic(hub, "s", "group")
        await settle()
        assert hub.asked == []
        may_join.set()
        await one.opened()
        assert one.head == 2

    run(main())


def test_what_was_announced_too_early_is_looked_at_later(run):
    async def main():
        hub = Hub(["1"])
        hub.pause = asyncio.Event()
        one = Topic(hub, "s", "group")
        await settle()
        one.notified(2, 2, ["2"], None, "e1")
        one.notified(2, 2, ["2"], None, None)
        assert one.tail is None and len(one.early) == 2 and not hub.poll_early.is_set()
        hub.log.append("2")
        hub.pause.set()
        await one.opened()
        await settle()
        assert one.head == 2 and one.tail.bodies == ["2"] and one.early == []

    run(main())


@pytest.mark.parametrize(
    "epoch, head, told, taken",
    [
        (None, 0, (1, 1, ["1"], None, "e2"), True),  # nobody had published to it
        (None, 0, (2, 2, ["2"], None, "e2"), False),
        (None, 1, (1, 1, ["1"], None, "e2"), False),
        ("e1", 0, (1, 1, ["1"], None, "e2"), False),
        ("e1", 1, (2, 2, ["2"], None, "e2"), False),
        ("e1", 1, (2, 2, ["2"], None, None), True),  # a process of before
    ],
)
def test_the_log_says_which_of_two_histories_counts(run, epoch, head, told, taken):
    async def main():
        hub, one, _ = await opened()
        one.epoch, one.head, one.tail = epoch, head, Segment(head + 1)
        one.notified(*told)
        assert hub.poll_early.is_set() is not taken
        assert one.head == (told[1] if taken else head)
        assert one.epoch == ((told[4] or epoch) if taken else epoch)
        await settle()

    run(main())


@pytest.mark.parametrize(
    "before, found, back, turned",
    [
        ((0, "e1", 3), (2, "e1"), True, False),  # the caller changes its epoch
        ((0, "e1", 3), (3, "e1"), False, False),
        ((0, "e1", 3), (3, "e2"), False, True),
        ((0, "e1", 3), (2, "e2"), False, True),
        ((0, None, 3), (2, "e2"), False, True),
        ((0, None, 3), (3, "e2"), False, False),
        ((1, "e1", 3), (0, "e2"), False, False),  # asked of another history
        ((0, "e0", 3), (0, "e2"), False, False),
    ],
)
def test_what_a_look_into_the_log_says(run, before, found, back, turned):
    async def main():
        hub, one, follower = await opened("1", "2", "3")
        if before[1] is None:
            one.epoch = None
        one.pages.append(1)
        one.made[1] = one.committed = 1
        assert one.learn(epochs.Position(*found), before) is back
        assert hub.poll_early.is_set() is back
        assert follower.turns == one.history == int(turned)
        left = len(one.pages), len(one.made), one.committed
        assert left == ((0, 0, None) if turned else (1, 1, 1))
        assert (one.head, one.tail.last) == ((found[0],) * 2 if turned else (3, 3))
        if turned or before[1] is None:
            assert one.epoch == found[1]

    run(main())


def test_readers_at_one_place_share_a_read_and_what_is_read_is_kept(run, monkeypatch):
    monkeypatch.setattr(topic, "FRAME_ENTRIES", 20)

    async def main():
        hub, one, _ = await opened(*map(str, range(1, 101)))
        limit = 16
        hub.pause = asyncio.Event()
        cursors = [0, 5, limit - 1, limit]
        asking = [asyncio.ensure_future(one.page(cursor)) for cursor in cursors]
        await settle()
        assert hub.pages() == [0, limit]
        hub.pause.set()
        pages = [await each for each in asking]
        assert pages[0] is pages[1] is pages[2] is not pages[3]
        assert one.segment(1) is pages[0] and one.segment(limit + 1) is pages[3]
        assert one.segment(101) is None and one.reading == {}

    run(main())


def test_pages_of_two_lengths_may_begin_at_one_place(run, monkeypatch):
    """How many entries make a page changes with their size; the second one's reader was closed."""
    monkeypatch.setattr(topic, "FRAME_ENTRIES", 16)

    async def main():
        hub, one, _ = await opened(*map(str, range(1, 101)))
        hub.pause = asyncio.Event()
        asking = [asyncio.ensure_future(one.page(5))]
        await settle()
        monkeypatch.setattr(topic, "FRAME_ENTRIES", 64)
        asking += [asyncio.ensure_future(one.page(cursor)) for cursor in (20, 5)]
        await settle()
        assert hub.pages() == [0, 0]
        hub.pause.set()
        short, long, first = await asyncio.gather(*asking)
        assert (short.last, long.last) == (16, 64) and first in (short, long)
        assert one.reading == {}

    run(main())


def test_a_page_of_another_history_is_not_kept(run):
    async def main():
        hub, one, _ = await opened("1", "2")
        hub.pause = asyncio.Event()
        asking = asyncio.ensure_future(one.page(0))
        await settle()
        one.turn(epochs.Position(2, "e2"))
        hub.pause.set()
        await asking
        assert len(one.pages) == 0 and one.reading == {}

    run(main())


def test_a_page_begins_at_the_cursor_where_the_log_has_a_hole_before_it(run):
    async def main():
        hub, one, _ = await opened(*map(str, range(1, 41)))
        stock = hub.database

        async def database(function, *arguments):
            epoch, rows = await stock(function, *arguments)
            return epoch, [row for row in rows if not 3 <= row.seq <= 5]

        hub.database = database
        page = await one.page(7)
        assert hub.pages() == [0, 7] and (page.first, page.bodies[0]) == (8, "8")
        assert one.segment(8) is page and one.reading == {}

    run(main())


def test_pages_that_are_kept_are_of_bounded_size(run, monkeypatch):
    monkeypatch.setattr(topic, "PAGES", 3)
    monkeypatch.setattr(topic, "PAGES_CHARACTERS", 40)

    async def main():
        hub, one, _ = await opened(*["1"] * 16 * 6, *["x" * 10] * 16)
        for number in range(6):
            await one.page(16 * number)
        assert [page.first for page in one.pages] == [1 + 16 * number for number in (4, 5)]
        await one.page(16 * 6)  # one alone is kept, however long
        assert [page.size for page in one.pages] == [160]

    monkeypatch.setattr(topic, "FRAME_ENTRIES", 16)
    run(main())


def test_a_page_is_about_a_frame(run, monkeypatch):
    monkeypatch.setattr(topic, "FRAME_CHARACTERS", 1000)
    monkeypatch.setattr(topic, "FRAME_ENTRIES", 100)

    async def main():
        _, one, _ = await opened()
        for average, number in ((9, 64), (0, 64), (24, 32), (10**9, topic.LEAST_PAGE)):
            one.average = average
            assert one._page_entries() == number

    run(main())


def test_frames_are_made_once_and_few_are_kept(run, monkeypatch):
    monkeypatch.setattr(topic, "FRAMES", 2)

    async def main():
        _, one, follower = await opened()
        one.notified(1, 4, ["1", "2", "3", "4"], None, "e1")
        first = one.frames(one.tail, 0, None)
        assert one.frames(one.tail, 0, None) is first and first.cursor == 4
        rendered = one.frames(one.tail, 0, str)
        assert rendered is not first and rendered.texts[0] == '{"message": "1"}'
        one.frames(one.tail, 1, None)
        assert [key[::2] for key in one.made] == [(0, str), (1, None)]  # the oldest has gone
        assert one.frames(one.tail, 0, str) is rendered
        one.forget(follower)
        assert len(one.made) == 2 and one.ready == one.followers == set()
        follower.render = str
        one.forget(follower)
        assert len(one.made) == 0  # nobody holds on to a renderer
        await settle()

    run(main())


def test_what_only_those_need_who_catch_up_is_freed(run, monkeypatch):
    monkeypatch.setattr(topic, "REST_ENTRIES", 2)

    async def main():
        _, one, follower = await opened()
        one.notified(1, 4, ["1", "2", "3", "4"], None, "e1")
        one.pages.append(one.tail)
        one.frames(one.tail, 0, None)
        follower.task = True
        one.rest()
        assert len(one.pages) == len(one.made) == 1
        follower.task = None
        one.rest()  # they have not been woken yet
        assert len(one.pages) == len(one.made) == 0 and len(one.tail.bodies) == 4
        await settle()
        one.rest()
        assert one.tail.bodies == ["4"] and one.head == 4

    run(main())


def test_the_lag_is_that_of_the_first_entry(run, monkeypatch):
    observed = []
    lag = SimpleNamespace(observe=observed.append)
    monkeypatch.setattr(topic, "stats", SimpleNamespace(lag=lag))
    monkeypatch.setattr(topic.time, "time", lambda: 107.0)

    async def main():
        _, one, _ = await opened("1")
        one.notified(1, 1, ["1"], 90.0, "e1")  # known already
        one.notified(2, 2, ["2"], 100.0, "e1")
        one.notified(3, 3, ["3"], 105.0, "e1")
        await settle()
        assert observed == [7.0] and one.committed is None
        one.notified(4, 4, ["4"], 200.0, "e1")  # by a clock that is ahead
        await settle()
        assert observed == [7.0, 0.0]

    run(main())


def test_a_look_that_begins_later_serves_all_who_ask_meanwhile(run):
    async def main():
        hub, one, _ = await opened("1")
        hub.pause = asyncio.Event()
        first = asyncio.ensure_future(one.fresh_head())
        await settle()
        later = [asyncio.ensure_future(one.fresh_head()) for _ in range(3)]
        await settle()
        before = len(hub.asked)
        hub.log.append("2")
        hub.pause.set()
        assert await asyncio.gather(first, *later) == [1, 2, 2, 2]
        assert [asked[0] for asked in hub.asked[before:]].count(epochs.known) == 1
        await settle()

    run(main())


def test_what_is_under_way_is_cancelled_at_the_end(run):
    async def main():
        hub, one, _ = await opened("1")
        assert one.close() == []
        hub.pause = asyncio.Event()
        one.seen(2)
        asking = [asyncio.ensure_future(one.page(0)), asyncio.ensure_future(one.fresh_head())]
        await settle()
        tasks = one.close()
        assert len(tasks) == 3
        await asyncio.wait([*tasks, *asking])
        assert all(task.cancelled() for task in tasks) and one.filling is None

    run(main())
