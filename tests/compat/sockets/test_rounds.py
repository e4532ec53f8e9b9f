"""The sockets of one event loop that are checked again: who is in, who is told, and when."""

import asyncio
import types

import pytest

from compat.sockets import logout, recheck, session_check
from compat.sockets.consumer import RecheckMixin
from compat.sockets.recheck import KEY, OpenSocket, Recheck


class Session(dict):
    """A session with a user in it."""

    def __init__(self, key):
        super().__init__(_auth_user_id="1")
        self.session_key, self.accessed = key, True


@pytest.fixture
def loop(settings):
    settings.CHANNEL_LAYERS = {}
    settings.SOCKETS_RECHECK_SECONDS = 0
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def ended():
    return []


@pytest.fixture
def opened(ended):
    """opened(key): a socket of that session; `ended` gets (socket, code) when it is closed."""

    def make(key="a", **scope):
        async def end(code):
            ended.append((socket, code))

        socket = OpenSocket(end)
        socket.start(dict({"user": object(), "session": Session(key)}, **scope))
        return socket

    return make


async def settled(one):
    """Wait until a Recheck has nothing to do."""
    while one.tasks:
        await asyncio.wait(list(one.tasks))


def test_there_is_one_while_there_are_sockets(loop, opened, settings):
    settings.SOCKETS_RECHECK_SECONDS = 3600

    async def scenario():
        first, second = opened(), opened()
        one = Recheck.current()
        assert first.recheck is second.recheck is one and one.sockets == {first, second}
        first.start({"user": object()})  # it has begun already
        assert one.sockets == {first, second} and first.session_key == "a"
        first.stop()
        first.stop()
        assert one.by_digest == {logout.digest("a"): {second}}
        assert Recheck.current() is one and not one.closed
        second.stop()
        assert one.sockets == set() and one.by_digest == {}
        other = Recheck.current()
        assert other is not one
        await settled(one)
        assert one.closed and one.checking.cancelled()
        await other.retire()

    loop.run_until_complete(scenario())


def test_who_has_no_user_is_not_checked(loop, ended):
    async def scenario():
        socket = OpenSocket(None)
        socket.start({"session": Session("a")})
        assert socket.recheck is None
        socket.stop()
        socket.start({"user": "of a token"})
        assert socket.recheck.by_digest == {} and socket.recheck.sockets == {socket}
        assert (socket.user, socket.session_key, socket.digest) == ("of a token", None, None)
        socket.stop()
        await asyncio.sleep(0.01)

    loop.run_until_complete(scenario())


def test_a_logout_ends_the_sockets_of_its_session(loop, opened, ended):
    async def scenario():
        mine, too, other = opened("a"), opened("a"), opened("b")
        one = mine.recheck
        one.on_notification({"type": logout.TYPE})
        one.on_notification({"type": logout.TYPE, "session": logout.digest("unknown")})
        one.on_notification({"type": logout.TYPE, "session": logout.digest("a")})
        await settled(one)
        assert sorted(ended, key=repr) == sorted([(mine, 4501), (too, 4501)], key=repr)
        for socket in (mine, too):
            socket.stop()
        one.dismiss(mine, 4501)  # it has gone meanwhile
        await settled(one)
        assert len(ended) == 2 and one.sockets == {other}
        other.stop()
        await settled(one)

    loop.run_until_complete(scenario())


def test_a_consumer_is_dismissed_its_own_way_and_one_that_cannot_harms_nobody(
    loop, opened, ended, caplog
):
    async def dismissed(code):
        said.append(code)
        raise OSError("gone")

    async def scenario():
        with_consumer, plain = opened(), opened()
        with_consumer.consumer = types.SimpleNamespace(dismissed=dismissed)
        one = plain.recheck
        for socket in (with_consumer, plain):
            one.dismiss(socket, 4503)
        await settled(one)
        assert (said, ended) == ([4503], [(plain, 4503)])
        for socket in (with_consumer, plain):
            socket.stop()
        await settled(one)

    said = []
    caplog.set_level("INFO", logger="compat.sockets.recheck")
    loop.run_until_complete(scenario())
    assert "socket not closed: OSError: gone" in caplog.text


def test_a_round_without_sockets_asks_nothing(loop, monkeypatch):
    monkeypatch.setattr(session_check, "ask", None)  # would raise

    async def scenario():
        one = Recheck.current()
        await one.check()
        await one.retire()

    loop.run_until_complete(scenario())


def test_a_consumer_that_passed_is_told_unless_it_has_gone(loop, opened, monkeypatch):
    passed = []

    async def scenario():
        first, second, third = opened(), opened(), opened()
        for socket in (first, second):
            socket.consumer = types.SimpleNamespace(rechecked=lambda one=socket: passed.append(one))
        one = first.recheck

        def ask(sockets):
            loop.call_soon_threadsafe(second.stop)
            return {}

        monkeypatch.setattr(session_check, "ask", ask)
        await one.check()
        assert passed == [first]
        for socket in (first, third):
            socket.stop()
        await settled(one)

    loop.run_until_complete(scenario())


async def until_a_round_is_cancelled(opened):
    socket = opened()
    one = socket.recheck
    with pytest.raises(asyncio.CancelledError):
        await one.checking
    socket.stop()
    await settled(one)


@pytest.mark.parametrize("period, pauses", [(30, [30, 5, 29.8, 30]), (3, [3, 3, 2.8, 3])])
def test_when_rounds_are_made(loop, opened, monkeypatch, settings, caplog, period, pauses):
    """Soon after one that failed; from beginning to beginning, however long they take."""
    settings.SOCKETS_RECHECK_SECONDS = period
    slept, rounds = [], []
    sleep = asyncio.sleep

    async def pause(seconds):
        slept.append(seconds)
        await sleep(0)

    async def check(self):
        rounds.append(self)
        if len(rounds) == 1:
            raise OSError("no database")
        if len(rounds) == 2:
            await sleep(0.2)
        if len(rounds) == 4:
            raise asyncio.CancelledError()

    monkeypatch.setattr(recheck.asyncio, "sleep", pause)
    monkeypatch.setattr(Recheck, "check", check)
    loop.run_until_complete(until_a_round_is_cancelled(opened))
    assert len(rounds) == 4
    for found, most in zip(slept, pauses):
        assert most - 2 < found <= most
    assert caplog.text.count("open sockets cannot be checked: OSError: no database") == 1


def test_rounds_leave_time_for_others(loop, opened, monkeypatch, settings):
    settings.SOCKETS_RECHECK_SECONDS = 0.001
    slept, sleep = [], asyncio.sleep

    async def pause(seconds):
        slept.append(seconds)
        await sleep(0)

    async def check(self):
        if len(slept) == 3:
            raise asyncio.CancelledError()

    monkeypatch.setattr(recheck.asyncio, "sleep", pause)
    monkeypatch.setattr(Recheck, "check", check)
    loop.run_until_complete(until_a_round_is_cancelled(opened))
    assert slept == [0.001, 0.05, 0.05]


def test_no_rounds_where_a_site_wants_none(loop, opened):
    async def scenario():
        socket = opened()
        one = socket.recheck
        await asyncio.wait_for(one.checking, 5)
        socket.stop()
        await settled(one)

    loop.run_until_complete(scenario())


def test_the_key_is_where_consumers_look():
    from compat.sockets import consumer

    assert consumer.KEY == KEY == "compat.sockets.recheck"


class Base:
    """What channels' consumers do: all of it in one call."""

    def __init__(self, scope):
        self.scope, self.inside = scope, []

    async def __call__(self, receive, send):
        self.inside += [(one.consumer, one in one.recheck.sockets) for one in await receive()]


class Mine(RecheckMixin, Base):
    pass


class Choosy(Mine):
    def may_stay(self, user):
        if user is None:
            raise KeyError("no user")
        return user == "ann"


def test_a_consumer_is_asked_while_it_runs_with_the_guard_or_without(loop, opened):
    sent = []

    async def send(message):
        sent.append(message)

    async def guarded():
        socket = opened()

        async def receive():
            return [socket]

        consumer = Mine({"user": object(), KEY: socket})
        await consumer(receive, send)
        assert consumer.inside == [(consumer, True)] and socket.consumer is None
        assert socket.recheck is None

    async def alone():
        consumer = Mine({"user": object()})

        async def receive():
            await consumer.dismissed(4501)
            return Recheck.current().sockets

        await consumer(receive, send)
        assert consumer.inside == [(consumer, True)]

    async def scenario():
        await guarded()
        await alone()
        await asyncio.sleep(0.01)  # what has retired ends

    loop.run_until_complete(scenario())
    assert sent == [{"type": "websocket.close", "code": 4501}]


def test_who_may_stay_is_up_to_the_consumer():
    ann, bob, none = (Choosy({}) for _ in range(3))
    members = [(ann, "ann"), (bob, "bob"), (none, None)]
    assert Choosy.dismissals(members) == {bob: 4503, none: 4503}
    assert Mine.dismissals([(Mine({}), None)]) == {} and Mine({}).may_stay(None)
