"""A connection of Redis' publish and subscribe, told by hand: what is asked, kept and given up."""

import asyncio
import functools

import pytest
from aioredis.errors import ReplyError

from compat.channel_layer import subscription
from compat.channel_layer.subscription import Subscription
from tests.support.virtual_time import JumpingLoop


class Connection:
    """Keeps what it is asked; answers when it is told to, or at once."""

    def __init__(self, answers=True):
        self.answers, self.asked, self.closed = answers, [], False
        self.end = asyncio.Event()
        self.waiting = []

    def execute_pubsub(self, command, *names):
        answer = asyncio.get_event_loop().create_future()
        self.asked.append((command, *[getattr(name, "name", name) for name in names]))
        if self.answers is True:
            answer.set_result(1)
        elif self.answers is not False:
            answer.set_exception(self.answers)
        else:
            self.waiting.append(answer)
        return answer

    async def wait_closed(self):
        await self.end.wait()

    def close(self):
        self.closed = True
        self.end.set()

    def said(self, command):
        """Names of that command, without the beats."""
        found = [name for asked in self.asked if asked[0] == command for name in asked[1:]]
        return [name for name in found if name != b"beat"]


class World:
    """Each connection is the next of `next`, which may be an error."""

    def __init__(self, *following):
        self.next, self.made, self.beats, self.returns = list(following), [], [], []
        self.times = []

    async def open(self, pool):
        loop = asyncio.get_event_loop()
        self.times.append(loop.time())
        one = self.next.pop(0) if self.next else Connection()
        if isinstance(one, Exception):
            raise one
        self.made.append(one)
        one.connection = one
        return one

    async def beat(self):
        self.beats.append(asyncio.get_event_loop().time())

    def on_return(self):
        self.returns.append(asyncio.get_event_loop().time())


@pytest.fixture
def run(monkeypatch):
    """run(scenario, *connections): with a Subscription that has these, one after the other."""
    monkeypatch.setattr(subscription.random, "uniform", lambda low, high: 1.0)

    def call(scenario, *following):
        loop = JumpingLoop()
        asyncio.set_event_loop(loop)

        async def main():
            made = [one() if callable(one) else one for one in following]
            world = World(*made)
            monkeypatch.setattr(subscription, "open_connection", world.open)
            monkeypatch.setattr(subscription, "end_connection", end_connection)
            one = Subscription(None, "beat", world.beat, world.on_return)
            try:
                await scenario(one, world)
            finally:
                await one.stop()
            left = getattr(asyncio, "all_tasks", None) or asyncio.Task.all_tasks
            assert len([task for task in left(loop) if not task.done()]) == 1  # ours
            assert all(connection.closed for connection in world.made)

        try:
            loop.run_until_complete(main())
        finally:
            loop.close()
            asyncio.set_event_loop(None)

    return call


async def end_connection(connection):
    connection.close()


def nothing(data):
    pass


def test_a_name_is_subscribed_once_and_confirmed(run):
    async def scenario(one, world):
        await one.add("a", nothing)
        assert one.confirmed == one.asked == {"a"} and set(one.wanted) == {"a"}
        await one.add("b", nothing)
        one.want("b", nothing)
        (connection,) = world.made
        assert connection.said("SUBSCRIBE") == [b"a", b"b"]
        assert world.returns == [] and one.changes == set()
        one.remove("a")
        one.remove("a")
        one.remove("never")
        assert connection.said("UNSUBSCRIBE") == ["a"]
        assert one.confirmed == one.asked == set(one.wanted) == {"b"}
        # Who comes back waits for an answer, and that is asked for.
        connection.answers = False
        again = asyncio.ensure_future(one.add("a", nothing))
        await asyncio.sleep(0.01)
        assert not again.done() and connection.said("SUBSCRIBE") == [b"a", b"b", b"a"]
        connection.waiting[-1].set_result(1)
        await again

    run(scenario)


def test_many_names_are_asked_for_a_part_at_a_time(run, monkeypatch):
    monkeypatch.setattr(subscription, "NAMES_AT_ONCE", 2)

    async def scenario(one, world):
        for name in "abcde":
            one.want(name, nothing)
        await asyncio.sleep(0.01)
        asked = [words[1:] for words in world.made[0].asked if words[1:] != (b"beat",)]
        assert asked == [(b"a", b"b"), (b"c", b"d"), (b"e",)]
        assert one.confirmed == set("abcde")

    run(scenario)


def test_a_lost_connection_is_made_anew_and_all_is_asked_again(run, caplog):
    async def scenario(one, world):
        await one.add("a", nothing)
        await one.add("b", nothing)
        began = asyncio.get_event_loop().time()
        world.next = [OSError("refused")] * 5
        world.made[0].end.set()
        await asyncio.sleep(0.001)
        assert one.confirmed == one.asked == set() and one.conn is None and world.made[0].closed
        while len(world.made) == 1:
            await asyncio.sleep(0.01)
        pauses = [
            round(after - before, 2) for before, after in zip(world.times[1:], world.times[2:])
        ]
        first = subscription.FIRST_PAUSE
        assert pauses == pytest.approx([first * 2**n for n in range(1, 6)], rel=0.1)
        await one.add("a", nothing)
        assert sorted(world.made[1].said("SUBSCRIBE")) == [b"a", b"b"]
        await asyncio.sleep(0.01)
        assert len(world.returns) == 1 and world.returns[0] > began  # some may have been missed
        # From now on the pauses are short again.
        del world.times[:]
        world.made[1].end.set()
        await asyncio.sleep(first * 1.5)
        assert len(world.times) == 1 and len(world.returns) == 2
        assert caplog.text.count("Redis is away, groups get no messages") == 1

    run(scenario)


def test_pauses_have_an_end(run):
    async def scenario(one, world):
        world.next = [OSError("refused")] * 30
        one.want("a", nothing)
        while world.next:
            await asyncio.sleep(0.05)
        pauses = [after - before for before, after in zip(world.times, world.times[1:])]
        assert max(pauses) == pytest.approx(subscription.LONGEST_PAUSE, rel=0.01)

    run(scenario)


def test_a_server_that_does_not_answer_is_given_up(run):
    async def scenario(one, world):
        one.want("a", nothing)
        await asyncio.sleep(subscription.ANSWER_SECONDS - 0.01)
        assert not world.made[0].closed and world.beats == []
        await asyncio.sleep(0.02)
        assert world.made[0].closed and "no answer in" in str(one.error)
        await asyncio.sleep(10)
        assert len(world.made) == 2 and one.confirmed == {"a"}

    run(scenario, lambda: Connection(answers=False))


def test_it_is_asked_now_and_then_whether_it_is_there(run):
    async def scenario(one, world):
        await one.add("a", nothing)
        await asyncio.sleep(subscription.PING_SECONDS * 2.5)
        assert len(world.beats) == 3 and len(world.made) == 1
        steps = [after - before for before, after in zip(world.beats, world.beats[1:])]
        assert steps == pytest.approx([subscription.PING_SECONDS] * 2)
        # Once more at the beginning, alone.
        assert world.made[0].asked.count(("SUBSCRIBE", b"beat")) == 4
        assert world.returns == []

    run(scenario)


def test_who_adds_is_told_why_not(run):
    async def scenario(one, world):
        began = asyncio.get_event_loop().time()
        with pytest.raises(ConnectionError, match="confirms no subscription"):
            await one.add("a", nothing)
        waited = asyncio.get_event_loop().time() - began
        assert waited == pytest.approx(subscription.JOIN_SECONDS, abs=0.01)
        assert one.changes == set()

    def quiet():
        connection = Connection(answers=False)
        stock = connection.execute_pubsub

        def execute(command, *names):
            if getattr(names[0], "name", b"") == b"beat":
                connection.answers = True
            answer = stock(command, *names)
            connection.answers = False
            return answer

        connection.execute_pubsub = execute
        return connection

    run(scenario, quiet)


def test_a_refusal_is_raised_at_once_and_an_outage_waited_for(run, monkeypatch):
    async def scenario(one, world):
        loop = asyncio.get_event_loop()
        began = loop.time()
        with pytest.raises(ValueError, match="no permission"):
            await one.add("a", nothing)
        assert loop.time() - began < 0.1
        one.remove("a")
        # Redis is away for a moment.
        world.next = [OSError("refused")] * 2
        await one.add("b", nothing)
        assert one.confirmed == {"b"}

    run(scenario, ValueError("no permission"))


def test_a_server_that_refuses_us_is_asked_for_nothing_else(run):
    """aioredis hands on no refusal once something is subscribed: it must be the first answer."""

    async def scenario(one, world):
        with pytest.raises(ReplyError, match="NOPERM"):
            await one.add("a", nothing)
        assert len(world.made) > 1 and not any(each.said("SUBSCRIBE") for each in world.made)

    refusals = [functools.partial(Connection, ReplyError("NOPERM channels")) for _ in range(99)]
    run(scenario, *refusals)


def test_what_came_from_a_connection_of_before_counts_no_more(run):
    async def scenario(one, world):
        first = world.next[0]
        one.want("a", nothing)
        await asyncio.sleep(0.01)
        first.waiting.pop(0).set_result(1)  # that it serves us
        await asyncio.sleep(0.01)
        late = first.waiting[0]
        one.conn = other = Connection()
        late.set_result(1)
        await asyncio.sleep(0.01)
        assert one.confirmed == set()
        one.conn = first
        assert other.asked == []

    run(scenario, lambda: Connection(answers=False))


def test_a_connection_that_is_lost_right_after_it_confirmed_has_been_up(run):
    async def scenario(one, world):
        first = world.next[0]
        added = asyncio.ensure_future(one.add("a", nothing))
        for _ in range(2):  # that it serves us, and the name; not the beat that comes with it
            await asyncio.sleep(0.01)
            first.waiting.pop(0).set_result(1)
        await added
        assert world.beats == [] and len(first.waiting) == 1
        first.end.set()
        await asyncio.sleep(1)
        assert one.confirmed == {"a"} and len(world.returns) == 1

    run(scenario, lambda: Connection(answers=False))


def test_nothing_is_left_of_a_connection_that_does_not_end(run):
    class Stubborn(Connection):
        def close(self):
            self.closed = True

    async def scenario(one, world):
        await one.add("a", nothing)

    run(scenario, Stubborn)  # which looks for tasks that are left
