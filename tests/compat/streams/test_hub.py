"""The hub of one event loop: who is in it, what it passes on, and when it looks into the log."""

import asyncio
import collections
import threading
from types import SimpleNamespace

import pytest

from compat.channel_layer import notify, per_loop
from compat.streams import epochs, hub
from compat.streams.hub import Hub
from tests.support.virtual_time import JumpingLoop

from .by_hand import settle


class Subscriber:
    """Keeps what it is told."""

    def __init__(self):
        self.said = []

    async def join(self, group):
        self.said.append(("join", group))

    async def leave(self, group):
        self.said.append(("leave", group))

    def renew(self, group):
        self.said.append(("renew", group))

    async def stop(self):
        self.said.append(("stop",))


class Log(Hub):
    """A hub whose database is a dict: name → Position; `asked` keeps what is asked of it."""

    def __init__(self, loop):
        super().__init__(loop)
        self.subscriber = Subscriber()
        self.log, self.asked, self.fails = {}, [], []

    async def database(self, function, *arguments):
        self.asked.append((function.__name__, *arguments))
        if self.fails:
            raise self.fails.pop()
        if function is epochs.positions:
            return {name: self.log[name] for name in arguments[0] if name in self.log}
        name = arguments[0]
        found = self.log.get(name, epochs.NOWHERE)
        if function is epochs.change or (function is epochs.known and name in self.log):
            if found.epoch is None or function is epochs.change:
                found = self.log[name] = epochs.Position(found.seq, "made")
        return found


class Follower:
    render = task = None

    def __init__(self, stream="s", beats=False):
        self.stream, self.beats, self.turns = stream, beats, 0

    def wants_beats(self):
        return self.beats

    def wake(self):
        pass

    def turned(self):
        self.turns += 1


@pytest.fixture
def counted(monkeypatch):
    """{name of a counter: what it says}"""
    counts = collections.Counter()

    def counter(name):
        return SimpleNamespace(
            inc=lambda number=1: counts.update({name: number}),
            dec=lambda: counts.update({name: -1}),
        )

    for name in ("readers", "delivered"):
        monkeypatch.setattr(hub.stats, name, counter(name))
    return counts


@pytest.fixture
def run(settings, counted):
    """run(scenario): with a hub whose clock jumps; it must come to its end by itself."""
    settings.CHANNEL_LAYERS = {}
    settings.STREAMS_POLL_SECONDS = 2

    def call(scenario, kind=Log, loop=None):
        loop = loop or JumpingLoop()
        asyncio.set_event_loop(loop)

        async def main():
            one = kind.current()
            await scenario(one)
            if one.is_current():
                await one.retire()
            assert one.polling.done() and one.heartbeat.timer._cancelled and one.closed

        try:
            loop.run_until_complete(main())
            assert not any(notify._listeners.values()) and not per_loop._stopping
        finally:
            loop.close()
            asyncio.set_event_loop(None)

    return call


def test_there_is_a_topic_while_somebody_follows_it(run, counted):
    async def scenario(one):
        first, second, other = Follower(), Follower(beats=True), Follower("t")
        topic = one.enter(first)
        assert one.enter(second) is topic and one.enter(other) is not topic
        await settle()
        assert counted["readers"] == 3 and set(one.topics) == {"s", "t"}
        assert sum(map(len, one.heartbeat.turns)) == 1
        assert one.leave(topic, first) == [] and topic.followers == {second}
        (leaving,) = one.leave(topic, second)
        assert set(one.topics) == {"t"} and sum(map(len, one.heartbeat.turns)) == 0
        await leaving
        assert one.subscriber.said[2:] == [("leave", topic.group)] and one.is_current()
        (ending,) = one.leave(one.topics["t"], other)
        assert not one.is_current() and counted["readers"] == 0 and one.topics == {}
        await ending
        assert one.subscriber.said[3:] == [("stop",)]

    run(scenario)


def test_who_comes_back_finds_the_group_joined(run):
    async def scenario(one):
        stay, first = Follower("t"), Follower()
        one.enter(stay)
        before = one.enter(first)
        await settle()
        (leaving,) = one.leave(before, first)
        topic = one.enter(first)
        assert topic is not before
        await leaving
        assert "leave" not in [said[0] for said in one.subscriber.said]
        # Of the topic of before nobody is the last one any more.
        assert one.leave(before, first) == [] and one.topics["s"] is topic

    run(scenario)


def test_nobody_leaves_a_group_without_a_layer(run):
    async def scenario(one):
        one.subscriber = None
        one.enter(Follower("t"))
        topic = one.enter(Follower())
        await settle()
        await asyncio.gather(*one.leave(topic, next(iter(topic.followers))))
        assert set(one.topics) == {"t"}

    run(scenario)


def test_what_is_under_way_for_a_topic_ends_with_it(run):
    async def scenario(one):
        one.enter(Follower("t"))
        follower = Follower()
        topic = one.enter(follower)
        ending = one.leave(topic, follower)  # it was not even opened
        assert ending[0] is topic.opening and len(ending) == 2
        await asyncio.wait(ending)
        assert topic.opening.cancelled()

    run(scenario)


def test_a_notification_is_its_topics(run):
    async def scenario(one):
        topic, told = one.enter(Follower()), []
        await settle()
        topic.notified = lambda *arguments: told.append(arguments)
        one.on_notification({"stream": "s", "first": 1, "last": 2})
        one.on_notification({"stream": "nobody", "first": 1, "last": 2})
        more = {"bodies": ["3"], "at": 5.0, "epoch": "e1"}
        one.on_notification(dict(more, stream="s", first=3, last=3))
        assert told == [(1, 2, None, None, None), (3, 3, ["3"], 5.0, "e1")]

    run(scenario)


def test_the_log_is_looked_into_now_and_then(run, counted, settings):
    async def scenario(one):
        one.enter(Follower())
        await settle()
        began, looks = one.loop.time(), []

        async def compare():
            looks.append(one.loop.time() - began)

        one._compare = compare
        one.delivered = 7
        await asyncio.sleep(5)
        assert looks == pytest.approx([2, 4]) and not one.poll_early.is_set()
        assert counted["delivered"] == 7 and one.delivered == 0
        settings.STREAMS_POLL_SECONDS = 3600  # from the next time on
        await asyncio.sleep(2)
        one.on_return()
        await settle()
        assert looks == pytest.approx([2, 4, 6, 7])
        await asyncio.sleep(3599)
        assert len(looks) == 4
        one.delivered = 2

    run(scenario)
    assert counted["delivered"] == 9


def test_a_look_that_fails_is_told_of_and_is_not_the_last(run, caplog):
    async def scenario(one):
        one.enter(Follower())
        await settle()
        one.asked = []
        one.fails = [ValueError("no database")]
        await asyncio.sleep(4.5)
        assert [asked[0] for asked in one.asked] == ["positions"] * 2
        assert caplog.text.count("streams cannot be read: ValueError: no database") == 1

    run(scenario)


def test_all_heads_are_compared_at_once(run):
    async def scenario(one):
        one.log = {"s": epochs.Position(3, "e1"), "t": epochs.Position(5, "e1")}
        topics = [one.enter(Follower(name)) for name in ("s", "t", "new")]
        await settle()
        for topic in topics:
            topic.rested = 0

            def rest(topic=topic):
                topic.rested += 1

            topic.rest = rest
        opening = one.enter(Follower("opening"))
        assert opening.tail is None
        one.asked = []
        one.log["t"] = epochs.Position(6, "e1")
        await one._compare()
        assert one.asked[0] == ("positions", ["s", "t", "new"])
        assert [topic.rested for topic in topics] == [1, 1, 1]
        assert [topic.head for topic in topics] == [3, 6, 0]
        # The one whose notification was missed, and only that.
        renewed = [said[1] for said in one.subscriber.said if said[0] == "renew"]
        assert renewed == [topics[1].group]
        assert topics[2].epoch is None and not one.poll_early.is_set()
        topics[1].close()
        one.subscriber = None
        one.log["s"] = epochs.Position(4, "e1")
        await one._compare()
        topics[0].close()
        await settle()

    run(scenario)


def test_a_stream_of_before_gets_an_epoch(run):
    async def scenario(one):
        topic = one.enter(Follower())
        await settle()
        one.asked = []
        await one._compare()  # nobody has published to it
        assert [asked[0] for asked in one.asked] == ["positions"] and topic.epoch is None
        one.log["s"] = epochs.Position(0, None)
        await one._compare()
        assert one.asked[1:] == [("positions", ["s"]), ("known", "s")] and topic.epoch == "made"

    run(scenario)


def test_a_head_that_went_back_is_another_history(run, caplog):
    async def scenario(one):
        one.log["s"] = epochs.Position(3, "e1")
        follower = Follower()
        topic = one.enter(follower)
        topic.ready.add(follower)
        await settle()
        one.asked = []
        one.log["s"] = epochs.Position(2, "e1")
        await one._compare()
        assert one.asked == [("positions", ["s"]), ("change", "s", "e1")]
        assert (topic.head, topic.epoch, follower.turns) == (2, "made", 1)
        assert "stream s went back from 3 to 2" in caplog.text
        assert "renew" not in [said[0] for said in one.subscriber.said]

    run(scenario)


def test_a_topic_that_ended_meanwhile_is_left_alone(run):
    async def scenario(one):
        one.log["s"] = epochs.Position(3, "e1")
        follower = Follower()
        stay, topic = one.enter(Follower("t")), one.enter(follower)
        await settle()
        stock = one.database

        async def database(*arguments):
            await stock(*arguments)
            one.leave(topic, follower)
            return {"s": epochs.Position(1, "e1"), "t": epochs.Position(0, "e1")}

        one.database = database
        topic.rest = topic.learn = None
        await one._compare()
        assert stay.epoch == "e1"

    run(scenario)


def test_the_database_is_asked_until_it_answers(run, caplog, monkeypatch):
    closed, threads = [], set()
    monkeypatch.setattr(hub, "close_old_connections", lambda: closed.append(1))
    pauses, stock = [], asyncio.sleep

    async def sleep(seconds):
        pauses.append(seconds)
        await stock(0)

    monkeypatch.setattr(hub.asyncio, "sleep", sleep)
    left = [OSError("away")] * 8

    def ask(one, two):
        threads.add(threading.current_thread().name.rpartition("_")[0])
        if left:
            raise left.pop()
        return one + two

    async def scenario(one):
        assert await one.database(ask, 1, 2) == 3
        assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
        assert caplog.text.count("streams cannot be read: OSError: away") == 1
        assert threads == {"streams"} and len(closed) == 2 * 9
        assert one.threads._max_workers == hub.READ_THREADS
        # Nobody waits any more when the hub has ended.
        left.extend([OSError("away")] * 1000)
        asking = asyncio.ensure_future(one.database(ask, 1, 2))
        await one.retire()
        await asyncio.wait([asking])
        assert asking.cancelled() and one.threads._shutdown

    run(scenario, Hub, asyncio.new_event_loop())


def test_who_is_cancelled_while_the_database_is_asked_is_so_at_once(run):
    async def scenario(one):
        never = asyncio.Event()
        one.loop.run_in_executor = lambda *arguments: asyncio.ensure_future(never.wait())
        asking = asyncio.ensure_future(Hub.database(one, print))
        await settle()
        asking.cancel()
        await settle()
        assert asking.cancelled()
        # And so is the look now and then.
        one._compare = never.wait
        one.poll_early.set()
        await settle()
        one.polling.cancel()
        await settle()
        assert one.polling.cancelled()

    run(scenario)
