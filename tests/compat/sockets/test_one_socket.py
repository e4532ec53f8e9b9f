"""One socket behind the limits, its client a list of messages: what is passed on, and what ends."""

import asyncio
import types

import pytest

from compat._throttle import Throttle
from compat.sockets import _settings, limits
from compat.sockets.limits import AddressLimit, SocketLimit
from compat.sockets.recheck import KEY

CONNECT = {"type": "websocket.connect"}
TEXT = {"type": "websocket.receive", "text": "x"}
GONE = {"type": "websocket.disconnect", "code": 1000}


def user(pk, signed_in=True):
    return types.SimpleNamespace(pk=pk, is_authenticated=signed_in)


class Client:
    """What it sends, and what it was sent."""

    def __init__(self, *messages):
        self.messages, self.sent = list(messages), []

    async def receive(self):
        return self.messages.pop(0)

    async def send(self, message):
        self.sent.append(message)

    def codes(self):
        return [one["code"] for one in self.sent if one["type"] == "websocket.close"]


def run(application, scope, client):
    """Run an ASGI application in the loop of a test."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(application(scope)(client.receive, client.send))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def reading(got, inside=None):
    """An application that notes what it receives until its client has gone."""

    def application(scope):
        async def instance(receive, send):
            while not got or got[-1]["type"] != "websocket.disconnect":
                got.append(await receive())
                if inside is not None:
                    await inside(scope, receive, send)

        return instance

    return application


@pytest.fixture
def unchecked(monkeypatch):
    """Users that are no records: nobody looks them up."""
    began = []
    monkeypatch.setattr(limits.OpenSocket, "start", lambda self, scope: began.append("start"))
    monkeypatch.setattr(limits.OpenSocket, "stop", lambda self: began.append("stop"))
    monkeypatch.setattr(limits, "_throttle", Throttle())  # another test may have complained
    return began


def test_messages_over_the_rate_end_the_socket_and_do_not_arrive(settings, unchecked, caplog):
    settings.SOCKETS_MESSAGES_PER_SECOND, settings.SOCKETS_MESSAGES_AT_ONCE = 0.001, 2
    got, client = [], Client(CONNECT, TEXT, TEXT, TEXT, TEXT, GONE)
    run(SocketLimit(reading(got)), {"user": user(1)}, client)
    assert got == [CONNECT, TEXT, TEXT, GONE]
    assert client.codes() == [4029]  # once, for two that were too many
    assert "more than 0.001 messages a second" in caplog.text
    assert unchecked == ["start", "stop"]


def test_without_a_rate_all_arrive(settings, unchecked):
    settings.SOCKETS_MESSAGES_PER_SECOND, settings.SOCKETS_MESSAGES_AT_ONCE = 0, 0
    got, client = [], Client(*[TEXT] * 50, GONE)
    run(SocketLimit(reading(got)), {}, client)
    assert len(got) == 51 and client.sent == []


def test_a_burst_of_none_is_one(settings, unchecked):
    settings.SOCKETS_MESSAGES_PER_SECOND, settings.SOCKETS_MESSAGES_AT_ONCE = 0.001, 0
    got, client = [], Client(TEXT, TEXT, GONE)
    run(SocketLimit(reading(got)), {}, client)
    assert got == [TEXT, GONE]


def test_after_its_close_nothing_is_sent_and_nothing_arrives(unchecked):
    async def close(scope, receive, send):
        if not client.sent:
            await send({"type": "websocket.send", "text": "bye"})
            await send({"type": "websocket.close", "code": 4000})
            await send({"type": "websocket.send", "text": "late"})
            await scope[KEY].end(4001)

    got, client = [], Client(TEXT, TEXT, GONE)
    run(SocketLimit(reading(got, close)), {}, client)
    assert [one.get("text", one.get("code")) for one in client.sent] == ["bye", 4000]
    assert got == [TEXT, GONE]


@pytest.mark.parametrize("who, codes", [(user(1), [4029]), (user(2), []), (user(1, False), [])])
def test_the_sockets_of_one_user_are_counted(settings, unchecked, who, codes):
    settings.SOCKETS_PER_USER = 1
    second, got = Client(CONNECT, GONE), []

    async def another(scope, receive, send):
        if scope["user"].pk == 1 and not second.sent and second.messages:
            await limit({"user": who, "subprotocols": ["a", "b"]})(second.receive, second.send)

    limit = SocketLimit(reading(got, another))
    run(limit, {"user": user(1)}, Client(CONNECT, GONE))
    assert second.codes() == codes and second.messages == []
    if codes:
        assert second.sent[0] == {"type": "websocket.accept", "subprotocol": "a"}
        assert unchecked == ["start", "stop"]  # who is turned away is not checked
    # Both have gone: there is room again.
    third = Client(CONNECT, GONE)
    run(limit, {"user": user(1)}, third)
    assert limit.counts.counts == {} and third.codes() == []


def test_who_has_no_user_is_not_counted(settings, unchecked):
    settings.SOCKETS_PER_USER = 1
    limit = SocketLimit(reading([]))
    run(limit, {}, Client(GONE))
    assert limit.counts.enter(None) and limit.counts.enter(None)


def test_a_socket_whose_consumer_fails_is_counted_no_more(settings, unchecked):
    settings.SOCKETS_PER_USER = settings.SOCKETS_PER_ADDRESS = 1

    async def fail(scope, receive, send):
        raise KeyError("oops")

    both = AddressLimit(SocketLimit(reading([], fail)))
    for _ in range(2):
        with pytest.raises(KeyError):
            run(both, {"user": user(1), "client": ("192.0.2.1", 1)}, Client(CONNECT))
    assert unchecked == ["start", "stop"] * 2


@pytest.mark.parametrize(
    "address, codes", [("192.0.2.1", [4029]), ("192.0.2.2", []), ("127.0.0.1", []), (None, [])]
)
def test_the_sockets_of_one_address_are_counted(settings, address, codes):
    settings.SOCKETS_PER_ADDRESS = 1
    second = Client(CONNECT, GONE)

    async def another(scope, receive, send):
        if scope["first"] and second.messages:
            client = (address, 1) if address else None
            await limit({"client": client, "first": False})(second.receive, second.send)

    limit = AddressLimit(lambda scope: reading([], another)(scope))
    run(limit, {"client": ("192.0.2.1", 1), "first": True}, Client(CONNECT, GONE))
    assert second.codes() == codes and second.messages == []
    if codes:
        assert second.sent[0] == {"type": "websocket.accept", "subprotocol": None}
    assert limit.counts.counts == {}


@pytest.mark.parametrize("limit", _settings.LIMITS, ids=lambda limit: limit.name)
def test_none_is_no_limit(settings, limit):
    setattr(settings, limit.name, None)
    assert limit() == 0 and limit.problem() == ""
