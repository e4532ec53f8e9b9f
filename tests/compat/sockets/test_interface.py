"""The guard and consumers are called as later channels call them; the lanes run them for real."""

import asyncio

import pytest

from compat.sockets import consumer, interface, limits, origin
from compat.streams.over_http import application as over_http


class Later:
    """A consumer of channels 3: called with the scope, receive and send at once."""

    async def __call__(self, scope, receive, send):
        self.scope = scope
        await send(await receive())


class Watched(consumer.RecheckMixin, Later):
    pass


@pytest.fixture
def later(monkeypatch):
    monkeypatch.setattr(interface, "SINGLE", True)


def call(application, scope, message):
    """What an application sends after one message."""
    sent = []

    async def receive():
        return message

    async def send(event):
        sent.append(event)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(application(scope, receive, send))
    said = list(sent)
    loop.run_until_complete(application(scope=scope, receive=receive, send=send))  # as daphne does
    loop.close()
    assert sent == said * 2
    return said


def socket(**more):
    headers = [(b"origin", b"http://shop.example"), (b"host", b"shop.example")]
    return dict({"type": "websocket", "headers": headers, "client": ("10.0.0.1", 1)}, **more)


def test_middleware_and_consumers(later, settings):
    settings.ALLOWED_HOSTS = ["shop.example"]
    inner = Watched()
    application = origin.OriginRequired(limits.AddressLimit(limits.SocketLimit(inner)))
    message = {"type": "websocket.receive", "text": "hello"}
    assert call(application, socket(), message) == [message]
    assert inner.scope["headers"] == socket()["headers"]


def test_whoever_is_refused(later, settings, monkeypatch):
    settings.ALLOWED_HOSTS = ["other.example"]

    class Denier:
        @classmethod
        def as_asgi(cls):
            async def application(scope, receive, send):
                await send({"type": "websocket.close"})

            return application

    monkeypatch.setattr(origin, "WebsocketDenier", Denier)
    application = origin.OriginRequired(Later())
    assert call(application, socket(), None) == [{"type": "websocket.close"}]


def test_pages_beside_sockets(later):
    application = over_http.OverHttp(Later(), Later())
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    assert call(application, scope, {"type": "http.request"}) == [{"type": "http.request"}]
