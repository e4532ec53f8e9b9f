"""What one reader is sent, told by hand: a log in a list and a socket that is one, too."""

import asyncio

import pytest

from compat import close_codes
from compat.streams.follower import LATEST, SinceBeyondHead

from .by_hand import Reader, settle


@pytest.mark.parametrize(
    "since, epoch, looks, kinds",
    [
        (0, None, 1, ["entries", "live"]),
        (0, "", 1, ["entries", "live"]),
        (0, "e1", 1, ["entries", "live"]),
        (0, "e0", 2, ["entries", "live"]),  # nothing was seen that it would have to forget
        (1, None, 1, ["entries", "live"]),
        (3, None, 1, ["live"]),
        (3, "e1", 1, ["live"]),
        (3, "", 1, ["live"]),
        (3, "e0", 2, ["reset", "entries", "live"]),
        (4, "", 2, ["reset", "entries", "live"]),
        (4, "e1", 2, ["reset", "entries", "live"]),
        (LATEST, None, 2, ["live"]),
        (LATEST, "e0", 2, ["live"]),
    ],
)
def test_where_a_reader_begins(run, since, epoch, looks, kinds):
    async def scenario(hub):
        reader = Reader(since, epoch=epoch)
        await reader.start()
        await settle()
        assert reader.kinds() == kinds and hub.looks() == looks
        frames = reader.frames()
        if "entries" in kinds:
            first = 1 if "reset" in kinds else since + 1
            assert frames[-2]["first"] == first
            assert frames[-2]["bodies"] == [1, 2, 3][first - 1 :]
        more = {} if epoch is None else {"beat": 15}
        assert frames[-1] == dict(type="live", stream="s", epoch="e1", seq=3, **more)
        if "reset" in kinds:
            assert frames[0] == {"type": "reset", "stream": "s", "epoch": "e1"}
        assert (reader.cursor, reader.task, reader.live) == (3, None, True)

    run(scenario, "1", "2", "3")


def test_others_may_know_of_more_than_we_do(run):
    async def scenario(hub):
        await Reader(0).start()
        hub.log.append("2")  # not announced yet
        later = [Reader(2), Reader(LATEST), Reader(2, epoch="e1")]
        for reader in later:
            await reader.start()
        await settle()
        assert [reader.kinds() for reader in later] == [["live"]] * 3
        assert [reader.cursor for reader in later] == [2, 2, 2]
        with pytest.raises(SinceBeyondHead, match="since=3 is beyond the last entry, which is 2"):
            await Reader(3).start()

    run(scenario, "1")


def test_the_latest_is_of_the_history_that_begins_meanwhile(run):
    """It had waited for the numbers of the one before to come up again."""

    async def scenario(hub):
        await Reader(0).start()
        hub.pause = asyncio.Event()
        reader = Reader(LATEST, epoch="")
        starting = asyncio.ensure_future(reader.start())
        await settle()
        # After its look at the head, and before it goes on.
        looking = hub.topics["s"].head_reading
        looking.add_done_callback(lambda _: hub.begin_anew("e2", "1"))
        hub.pause.set()
        await starting
        await settle()
        hub.publish("2")
        await settle()
        live, entries = reader.frames()
        assert (live["type"], live["epoch"], live["seq"]) == ("live", "e2", 1)
        assert (entries["epoch"], entries["first"], entries["bodies"]) == ("e2", 2, [2])

    run(scenario, "1", "2", "3")


def test_who_was_told_of_another_history_elsewhere_is_not_sent_the_one_before(run):
    """Told to start over, and cut off before it got an entry."""

    async def scenario(hub):
        await Reader(0, epoch="").start()
        hub.epoch, hub.log = "e2", ["4", "5"]  # nobody has noticed here
        reader = Reader(0, epoch="e2")
        await reader.start()
        await settle()
        assert reader.kinds() == ["entries", "live"]
        assert reader.frames()[0]["epoch"] == "e2" and reader.frames()[0]["bodies"] == [4, 5]

    run(scenario, "1", "2", "3")


def test_who_left_while_starting_is_sent_nothing(run):
    async def scenario(hub):
        hub.pause = asyncio.Event()
        reader = Reader(0)
        starting = asyncio.ensure_future(reader.start())
        await settle()
        assert reader.stop() == []
        hub.pause.set()
        await starting
        await settle()
        assert reader.texts == [] and reader.task is None
        assert hub.left == [reader] and hub.topics["s"].ready == set()

    run(scenario, "1")


def test_entries_come_in_order_and_live_is_said_once(run):
    async def scenario(hub):
        reader = Reader(0)
        await reader.start()
        await settle()
        hub.publish("1", "2")
        hub.publish("3")
        await settle()
        hub.publish("4")
        await settle()
        assert reader.kinds() == ["live", "entries", "entries"]
        assert [frame["bodies"] for frame in reader.frames()[1:]] == [[1, 2, 3], [4]]
        assert hub.delivered == 4 and hub.pages() == []
        reader.wake()  # for nothing
        await settle()
        assert len(reader.texts) == 3

    run(scenario)


def test_frames_of_plain_messages_have_no_other_beside_them(run):
    async def scenario(hub):
        reader = Reader(1, render=lambda body: None if body == 3 else "n%d" % body, epoch="")
        await reader.start()
        await settle()
        hub.publish("3", "4")
        await settle()
        assert reader.texts == ['{"message": "n2"}', '{"message": "n4"}'] and reader.live
        assert not reader.wants_beats()

    run(scenario, "1", "2")


def test_pages_follow_each_other_and_others_have_a_turn(run, monkeypatch):
    monkeypatch.setattr("compat.streams.entries.FRAME_ENTRIES", 2)
    monkeypatch.setattr("compat.streams.topic.TAIL_ENTRIES", 4)
    monkeypatch.setattr("compat.streams.topic.FRAME_ENTRIES", 2)
    order = []

    async def scenario(hub):
        first, second = Reader(0), Reader(0)
        for number, reader in enumerate((first, second)):
            stock = reader.take

            async def take(text, number=number, stock=stock):
                order.append(number)
                await stock(text)

            reader.send_text = take
            await reader.start()
        await settle()
        assert first.texts == second.texts
        assert first.kinds() == ["entries"] * 4 + ["live"]
        assert [frame["first"] for frame in first.frames()[:4]] == [1, 3, 5, 7]
        assert order[:4] == [0, 1, 0, 1] and hub.loop.time() == 1000

    run(scenario, *"1234567")


@pytest.mark.parametrize("render, kinds", [(None, ["gap", "entries", "live"]), (str, ["message"])])
def test_what_is_gone_from_the_log_is_said(run, render, kinds):
    async def scenario(hub):
        reader = Reader(2, render=render)
        await reader.start()
        await settle()
        assert reader.kinds() == kinds
        if render is None:
            assert reader.frames()[0] == {"type": "gap", "stream": "s", "oldest": 7}
            assert reader.frames()[1]["first"] == 7
        assert reader.cursor == 7

    run(scenario, "1", first=7)


@pytest.mark.parametrize(
    "since, kinds", [(6, ["entries", "live"]), (5, ["gap", "entries", "live"])]
)
def test_one_entry_that_is_missing_is_a_gap(run, since, kinds):
    async def scenario(hub):
        reader = Reader(since)
        await reader.start()
        await settle()
        assert reader.kinds() == kinds
        reader.stop()
        assert await reader._step() is False

    run(scenario, "1", first=7)


@pytest.mark.parametrize(
    "epoch, render, kinds, codes",
    [
        ("", None, ["entries", "live", "reset", "entries", "live"], []),
        ("e1", None, ["entries", "live", "reset", "entries", "live"], []),
        (None, None, ["entries", "live"], [close_codes.START_OVER]),
        (None, str, ["message", "message"], []),
    ],
)
def test_another_history_begins(run, closed, epoch, render, kinds, codes):
    async def scenario(hub):
        reader = Reader(0, epoch=epoch, render=render)
        await reader.start()
        await settle()
        hub.begin_anew("e2", "3")
        await settle()
        assert (reader.kinds(), reader.codes, closed) == (kinds, codes, codes)
        if epoch is not None:
            assert [frame["epoch"] for frame in reader.frames()[2:]] == ["e2"] * 3
            assert reader.frames()[3]["bodies"] == [3]
        assert (reader.topic is None) == bool(codes) and reader.cursor == (0 if codes else 1)
        hub.publish("4")
        await settle()
        assert len(reader.texts) == len(kinds) + (not codes)

    run(scenario, "1", "2")


def test_a_page_of_the_history_before_is_not_sent(run):
    async def scenario(hub):
        reader = Reader(0, epoch="")
        await reader.start()
        hub.pause = asyncio.Event()
        await settle()
        hub.begin_anew("e2", "3")
        hub.pause.set()
        await settle()
        assert reader.kinds() == ["reset", "entries", "live"]
        assert [frame["epoch"] for frame in reader.frames()] == ["e2"] * 3

    run(scenario, "1", "2")


def test_nobody_is_sent_anything_after_stop(run):
    async def scenario(hub):
        reader = Reader(0)
        await reader.start()
        (task,) = reader.stop()
        assert (reader.task, reader.topic, hub.left) == (None, None, [reader])
        await asyncio.wait([task])
        assert task.cancelled() and reader.texts == reader.codes == []
        assert reader.stop() == []
        reader.wake()
        reader.turned()
        await settle()
        assert reader.texts == [] and reader.task is None and hub.left == [reader]

    run(scenario, "1")


def test_a_reader_that_stops_while_it_is_sent_to_is_not_cancelled(run):
    async def scenario(hub):
        reader = Reader(0)

        async def take(text):
            reader.texts.append(text)
            assert reader.stop() == []
            await asyncio.sleep(0)
            reader.codes.append("after")

        reader.send_text = take
        await reader.start()
        await settle()
        assert reader.kinds() == ["entries"] and reader.codes == ["after"]

    run(scenario, "1")


@pytest.mark.parametrize("also", [False, True])
def test_a_socket_that_breaks_is_given_up(run, closed, caplog, also):
    caplog.set_level("DEBUG", logger="compat.streams")

    async def scenario(hub):
        reader = Reader(0)
        if also:

            async def close(code):
                raise OSError("nor that")

            reader.close = close
        reader.fails = RuntimeError("gone")
        await reader.start()
        await settle()
        assert closed == [close_codes.RESTART] and reader.topic is reader.task is None
        assert reader.codes == ([] if also else [close_codes.RESTART])
        assert "reader gone: RuntimeError: gone" in caplog.text
        assert ("nor closed: OSError" in caplog.text) is also

    run(scenario, "1")


def test_nobody_need_be_told_of_the_end(run, closed):
    async def scenario(hub):
        reader = Reader(0, close=None)
        await reader.start()
        await reader.dismiss(4000)
        assert closed == [4000] and reader.topic is None

    run(scenario)
