"""Followers of many streams on one connection, told by hand: its bounds, its beats, its end."""

import asyncio

import pytest

from compat import close_codes
from compat.streams import asked, follower
from compat.streams._settings import SLOW_BYTES
from compat.streams.entries import FRAME_CHARACTERS
from compat.streams.follower import StreamFollower
from compat.streams.hub import Hub
from compat.streams.many import SharedSocket
from tests.support.virtual_time import JumpingLoop

from .by_hand import following, settle

BODY = '"%s"' % ("x" * 100000)


@pytest.fixture
def run(settings):
    settings.CHANNEL_LAYERS = {}
    loop = JumpingLoop()
    asyncio.set_event_loop(loop)
    yield loop.run_until_complete
    loop.close()
    asyncio.set_event_loop(None)


class Connection:
    """A client that takes nothing, until it is told to: `held` are the bytes that wait for it."""

    def __init__(self):
        self.held = self.most = 0
        self.codes = []

    async def send(self, text):
        self.held += len(text)
        self.most = max(self.most, self.held)

    async def close(self, code):
        self.codes.append(code)

    def follow(self, stream, turn):
        more = {"close": self.close, "backlog": lambda: self.held, "epoch": "", "turn": turn}
        return StreamFollower(self.send, stream, 0, **more)


@pytest.mark.parametrize("takes", [True, False])
def test_they_keep_the_bounds_of_the_connection_together(run, monkeypatch, takes):
    """Of 20 streams that all have more to send than may wait."""

    async def scenario():
        hub = following(monkeypatch, follower, *[BODY] * 30)
        stock = hub.database

        async def database(*asked):
            await asyncio.sleep(0.01)  # the others have their turn meanwhile
            return await stock(*asked)

        hub.database = database
        client, turn = Connection(), asyncio.Lock()
        readers = [client.follow("s%d" % number, turn) for number in range(20)]
        await asyncio.gather(*[reader.start() for reader in readers])
        while not client.codes and not all(reader.live for reader in readers):
            await asyncio.sleep(1)
            client.held = 0 if takes else client.held
        assert client.most <= SLOW_BYTES() + FRAME_CHARACTERS + len(BODY)
        assert client.codes == ([] if takes else [close_codes.BEHIND])
        for reader in readers:
            reader.stop()
        await settle()

    run(scenario())


def test_a_stream_that_is_left_while_it_waits_for_its_turn_does_not_keep_it(run, monkeypatch):
    async def scenario():
        hub = following(monkeypatch, follower, BODY)
        client, turn = Connection(), asyncio.Lock()
        hub.pause = asyncio.Event()
        hub.pause.set()
        first, second, third = (client.follow(name, turn) for name in "abc")
        for reader in (first, second, third):
            await reader.start()
        hub.pause.clear()
        await settle()
        first.stop()
        second.stop()
        hub.pause.set()
        while not third.live:
            await asyncio.sleep(0.01)
        assert not turn.locked()
        third.stop()
        await settle()

    run(scenario())


def test_another_history_that_begins_meanwhile_is_told_first(run, monkeypatch):
    async def scenario():
        hub = following(monkeypatch, follower, BODY, BODY)
        client, turn = Connection(), asyncio.Lock()
        said = []

        async def send(text):
            said.append((text[:30], '"e2"' in text))

        client.send = send
        reader = client.follow("s", turn)
        await turn.acquire()
        await reader.start()
        await settle()
        hub.begin_anew("e2", '"new"')
        turn.release()
        while not reader.live:
            await asyncio.sleep(0.01)
        assert [(text.split('"')[3], new) for text, new in said] == [
            ("reset", True), ("entries", True), ("live", True),
        ]  # fmt: skip
        reader.stop()
        await settle()

    run(scenario())


def test_beats_are_for_the_connection_and_come_without_a_stream_too(run, settings, monkeypatch):
    settings.STREAMS_HEARTBEAT_SECONDS = 10

    async def scenario():
        said, client = [], Connection()

        async def send(text):
            said.append(text)

        socket, other = (SharedSocket(send, client.close, None) for _ in range(2))
        hub = Hub.current()
        assert hub.sockets == {socket, other}
        await asyncio.sleep(35)
        assert said == ['{"type":"beat"}'] * len(said) and 6 <= len(said) <= 8
        assert not client.follow("s", asyncio.Lock()).wants_beats()
        assert socket.leave() == [] == socket.leave()
        assert hub.is_current()
        (ending,) = other.leave()
        await ending
        assert not hub.is_current()

    run(scenario())


def test_a_connection_that_breaks_at_a_beat_is_closed(run, settings):
    settings.STREAMS_HEARTBEAT_SECONDS = 10

    async def scenario():
        client = Connection()
        socket = SharedSocket(lambda text: 1 / 0, client.close, None)
        await asyncio.sleep(11)
        assert set(client.codes) == {close_codes.RESTART}
        await socket.leave()[0]

    run(scenario())


@pytest.mark.parametrize("text", ["[" * 70000, '{"type": "subscribe", "streams": {"a": 0}}'])
def test_frames_are_understood_or_not(text):
    if len(text) > asked.MAX_FRAME:
        with pytest.raises(asked.BadFrame, match="too-large"):
            asked.understand(text)
    else:
        assert asked.understand(text) == ("subscribe", {"a": 0})
