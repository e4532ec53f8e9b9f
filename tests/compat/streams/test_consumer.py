"""What follow() and unfollow() say to the socket, whatever the follower does."""

import asyncio
import json

import pytest

from compat import close_codes
from compat.streams import consumer
from compat.streams.consumer import StreamConsumerMixin, since_from
from compat.streams.follower import LATEST, SinceBeyondHead
from tests.support.virtual_time import JumpingLoop


class Follower:
    """As StreamFollower is called; `fails` is raised by start()."""

    made, fails, ending = [], None, ()

    def __init__(self, send_text, stream, since, **options):
        self.send_text, self.stream, self.since, self.options = send_text, stream, since, options
        self.state = "new"
        self.made.append(self)

    async def start(self):
        if self.fails is not None:
            raise self.fails
        self.state = "started"

    def stop(self):
        self.state = "stopped"
        return list(self.ending)


class Base:
    async def __call__(self, receive, send):
        await receive(self)


class Socket(StreamConsumerMixin, Base):
    def __init__(self):
        self.said = []
        self.scope = {}

    async def base_send(self, message):
        self.said.append(message)


@pytest.fixture
def made(monkeypatch):
    monkeypatch.setattr(Follower, "made", [])
    monkeypatch.setattr(consumer, "StreamFollower", Follower)
    monkeypatch.setattr(consumer, "wire_of", lambda send: ("wire of", send))
    return Follower.made


@pytest.fixture
def run():
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop.run_until_complete
    loop.close()
    asyncio.set_event_loop(None)


def cursor(query):
    return since_from({"query_string": query})


@pytest.mark.parametrize(
    "since, render, position, epoch",
    [
        (5, None, 5, None),
        (0, None, 0, None),
        (None, None, LATEST, None),
        (None, str, LATEST, None),
        (cursor("since=5&epoch=e1"), None, 5, "e1"),
        (cursor("since=5&epoch="), None, 5, ""),
        (cursor("since=5&epoch=e1"), str, 5, None),
        ("e2:7", None, 7, "e2"),
    ],
)
def test_a_follower_is_made_and_started(run, made, since, render, position, epoch):
    socket = Socket()
    assert run(socket.follow("s", since, render)) is True
    (one,) = made
    assert (one.stream, one.since, one.state, socket.said) == ("s", position, "started", [])
    assert one.options == {
        "render": render,
        "close": socket._close_stream,
        "backlog": ("wire of", socket.base_send),
        "epoch": epoch,
        "visit": None,
    }
    run(one.send_text("text"))
    run(one.options["close"](4000))
    assert socket.said == [
        {"type": "websocket.send", "text": "text"},
        {"type": "websocket.close", "code": 4000},
    ]


@pytest.mark.parametrize(
    "stream, since, fails, code, number, detail",
    [
        ("s", "x", None, "bad-since", close_codes.BAD_SINCE, "since must be a sequence number"),
        ("s", 9, SinceBeyondHead("since=9"), "start-over", close_codes.START_OVER, "since=9"),
        ("s", 9, ValueError("other"), "bad-since", close_codes.BAD_SINCE, "other"),
        (" s", 0, None, "bad-name", close_codes.NOT_FOUND, "no space at either end"),
    ],
)
def test_what_cannot_be_followed_is_said(
    run, made, monkeypatch, stream, since, fails, code, number, detail
):
    monkeypatch.setattr(Follower, "fails", fails)
    socket = Socket()
    assert run(socket.follow(stream, since)) is False
    error, close = socket.said
    found = json.loads(error["text"])
    assert (found["type"], found["code"]) == ("error", code) and detail in found["detail"]
    assert close == {"type": "websocket.close", "code": number}
    assert [one.state for one in made] == (["stopped"] if fails else [])
    assert not socket._followers


def test_a_mistake_of_the_sites_own_is_raised(run, made, monkeypatch):
    socket = Socket()
    with pytest.raises(ValueError, match="must be a string"):
        run(socket.follow(None, 0))
    monkeypatch.setattr(Follower, "fails", KeyError("other"))
    with pytest.raises(KeyError):
        run(socket.follow("s", 0))
    assert socket.said == []


def test_a_stream_is_followed_once_and_others_beside_it(run, made):
    socket, other = Socket(), Socket()
    for stream in ("s", "t", "s"):
        run(socket.follow(stream, 0))
    run(other.follow("s", 0))
    assert [one.state for one in made] == ["stopped", "started", "started", "started"]
    run(socket.unfollow("nobody"))
    run(socket.unfollow("t"))
    assert [one.state for one in made] == ["stopped", "stopped", "started", "started"]
    run(socket.unfollow())
    assert [one.state for one in made] == ["stopped"] * 3 + ["started"]
    assert socket._followers == {} and list(other._followers) == ["s"]
    run(Socket().unfollow())  # of nothing


def test_what_ends_is_waited_for_but_not_for_ever(made, monkeypatch):
    async def scenario():
        socket, ended = Socket(), []

        async def end():
            await asyncio.sleep(0)
            ended.append(1)

        quick = asyncio.ensure_future(end())
        stuck = asyncio.ensure_future(asyncio.Event().wait())
        monkeypatch.setattr(Follower, "ending", [quick])
        await socket.follow("s", 0)
        await socket.unfollow("s")
        assert ended == [1]
        monkeypatch.setattr(Follower, "ending", [stuck])
        await socket.follow("s", 0)
        await socket.unfollow("s")
        assert not stuck.done() and loop.now == 1002
        stuck.cancel()

    loop = JumpingLoop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(scenario())
    finally:
        loop.close()
        asyncio.set_event_loop(None)


@pytest.mark.parametrize("fails", [None, RuntimeError("oops")])
def test_nothing_is_followed_after_the_consumer(run, made, fails):
    async def receive(socket):
        await socket.follow("s", 0)
        if fails:
            raise fails

    async def scenario():
        socket = Socket()
        try:
            await socket(receive, socket.base_send)
        except RuntimeError as error:
            assert error is fails
        else:
            assert fails is None
        assert [one.state for one in made] == ["stopped"] and socket._followers == {}

    run(scenario())
