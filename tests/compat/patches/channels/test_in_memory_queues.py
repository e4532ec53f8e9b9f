"""WebSockets come and go on a real daphne whose channel layer is in memory."""

import http.client
import json
import time

import pytest
import websocket

from tests.support.daphne import daphne
from tests.support.probe import prove, source

NAME = "channels.in_memory_queues"
VISITS = 5


@source
def site_code():
    global application
    import compat

    compat.install()
    import json

    from django.conf import settings

    settings.configure(
        SECRET_KEY="probe",
        CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
    )
    import django

    django.setup()
    from channels.generic.websocket import AsyncWebsocketConsumer
    from channels.layers import get_channel_layer
    from channels.routing import ProtocolTypeRouter

    ended = []

    class Chat(AsyncWebsocketConsumer):
        groups = ["everybody"]

        async def __call__(self, receive, send):
            try:
                await super().__call__(receive, send)
            finally:
                ended.append(self)

        async def receive(self, text_data):
            await self.channel_layer.group_send("everybody", {"type": "said", "text": text_data})

        async def said(self, event):
            await self.send(event["text"])

    class Counts:
        def __init__(self, scope):
            pass

        async def __call__(self, receive, send):
            counts = {"ended": len(ended), "channels": len(get_channel_layer().channels)}
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": json.dumps(counts).encode()})

    application = ProtocolTypeRouter({"websocket": Chat, "http": Counts})


@source
def start():
    global layer
    import asyncio

    from channels.layers import InMemoryChannelLayer

    layer = InMemoryChannelLayer()

    async def soon(awaitable):
        try:
            return (await asyncio.wait_for(awaitable, 0.5))["type"]
        except asyncio.TimeoutError:
            await asyncio.sleep(0)  # Python 3.6 does not wait for what it has cancelled
            return "nothing"

    def run(main):
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(main())


@source(start)
def flush(asyncio, layer, run, soon):
    async def main():
        await layer.send("other", {"type": "lost"})
        waiting = [asyncio.ensure_future(layer.receive("a")) for _ in range(2)]
        await asyncio.sleep(0)
        await layer.send("a", {"type": "lost"})
        await layer.flush()
        await layer.send("a", {"type": "first"})
        await layer.send("a", {"type": "second"})
        print(*[await soon(task) for task in waiting])
        print(await soon(layer.receive("other")), len(layer.channels))

    run(main)


@source(start)
def shared(asyncio, layer, run, soon):
    async def main():
        waiting = [asyncio.ensure_future(layer.receive("a")) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        for kind in ("first", "second"):
            await layer.send("a", {"type": kind})
            await asyncio.sleep(0.01)
        print(*[await soon(task) for task in waiting[1:]], len(layer.channels))

    run(main)


@source(start)
def expired(layer, run, soon):
    async def main():
        layer.expiry = -1
        for number in range(5):
            await layer.send("gone%d" % number, {"type": "late"})
        layer.expiry = 60
        await layer.send("kept", {"type": "kept"})
        await layer.group_send("nobody", {"type": "any"})
        print(sorted(layer.channels), await soon(layer.receive("kept")))

    run(main)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site_of_probe.py").write_text(site_code)
    return tmp_path


def channels_after_visits(site, **environ):
    """How many channels the layer knows once every visitor has been and gone."""
    with daphne(site, "site_of_probe:application", **environ) as address:
        for number in range(VISITS):
            client = websocket.create_connection("ws://%s:%d/" % address, timeout=20)
            client.send("hello")
            assert client.recv() == "hello"
            client.close()
            deadline = time.monotonic() + 20
            while ask(address)["ended"] == number:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        return ask(address)["channels"]


def ask(address):
    connection = http.client.HTTPConnection(*address, timeout=20)
    try:
        connection.request("GET", "/")
        return json.loads(connection.getresponse().read().decode())
    finally:
        connection.close()


def test_closed_websockets_leave_no_channel(site):
    assert channels_after_visits(site) == 0


def test_without_the_patch_each_leaves_one(site):
    assert channels_after_visits(site, COMPAT_DISABLE=NAME) >= VISITS


def test_who_waits_receives_what_is_sent_after_a_flush():
    prove(NAME, flush, good="first second\nnothing 0", bad="lost nothing")


def test_several_wait_on_one_channel():
    prove(NAME, shared, good="first second 0", bad="first nothing")


def test_expired_messages_leave_no_channel():
    prove(NAME, expired, good="['kept'] kept", bad="'gone4'")
