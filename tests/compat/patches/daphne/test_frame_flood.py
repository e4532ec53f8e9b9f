"""Clients of a real daphne send frames that bring nothing, without end."""

import time

import pytest

from tests.support.daphne import daphne
from tests.support.frames import APPLICATION, Client, frame, write_site
from tests.support.probe import source

NAME = "daphne.frame_flood"
KINDS = {
    "pings": (b"", frame(b"", 9)),
    "full pings": (b"", frame(b"x" * 125, 9)),
    "pongs": (b"", frame(b"", 10)),
    "empty fragments": (frame(b"", 2, False), frame(b"", 0, False)),
    "tiny fragments": (frame(b"", 2, False), frame(b"x", 0, False)),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return write_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def address(site):
    with daphne(site, APPLICATION) as address:
        yield address


@pytest.fixture(scope="module")
def stock(site):
    with daphne(site, APPLICATION, COMPAT_DISABLE=NAME) as address:
        yield address


def end(client):
    """What a client hears at last."""
    while True:
        told = client.receive()
        if told[0] in ("close", "end", "text"):
            return told


def after(address, kind, count=5000):
    """What becomes of a client that sends so many, and then finishes its message, if any."""
    begin, one = KINDS[kind]
    with Client(address) as client:
        client.send(begin + one * count + frame(b"", 0 if begin else 2))
        return end(client)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_flooder_is_told_and_closed(address, kind):
    assert after(address, kind) == ("close", 4029)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_without_the_patch_it_goes_on(stock, kind):
    assert after(stock, kind)[0] == "text"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_as_many_as_a_client_may_need_are_taken(address, kind):
    assert after(address, kind, 900)[0] == "text"


def test_there_may_be_more_later(address):
    with Client(address) as client:
        client.send(frame(b"", 9) * 1000)
        for _ in range(1000):
            assert client.receive() == ("bytes", b"")
        time.sleep(1)  # the allowance grows with the time
        client.send(frame(b"", 9) * 90 + frame(b"xx"))
        assert end(client) == ("text", "2")
        client.send(frame(b"", 9) * 1000)
        assert end(client) == ("close", 4029)


def test_whoever_goes_on_is_dropped(address):
    with Client(address) as client:
        deadline = time.monotonic() + 30
        while client.send(frame(b"", 9) * 10000):
            assert time.monotonic() < deadline


def test_large_fragments_are_no_flood(address):
    with Client(address) as client:
        client.send(frame(b"", 2, False) + frame(b"x" * 100, 0, False) * 5000 + frame(b"", 0))
        assert client.receive() == ("text", "500000")


def test_the_application_is_told_why(site):
    (site / "why_site.py").write_text(why)
    with daphne(site, "why_site:application") as address:
        with Client(address) as client:
            client.send(frame(b"", 9) * 5000)
            assert end(client) == ("close", 4029)
        with Client(address) as client:
            client.send(frame(b"why?", 1))
            assert client.receive() == ("text", "4029")


@source
def why():
    import compat

    compat.install()
    import asyncio

    codes = asyncio.Queue()

    class application:
        def __init__(self, scope):
            pass

        async def __call__(self, receive, send):
            await send({"type": "websocket.accept"})
            while True:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    codes.put_nowait(message["code"])
                    return
                if message["type"] == "websocket.receive":
                    await send({"type": "websocket.send", "text": str(await codes.get())})
