"""A client of a real daphne sends faster than the application reads."""

import contextlib
import http.client
import socket

import pytest

from tests.support.daphne import daphne
from tests.support.frames import Client, frame
from tests.support.probe import source

NAME = "daphne.unread_messages"
ALONE = NAME + ",daphne.greedy_sockets"  # reads no more than it has time for
MB = 1024 * 1024
FRAMES = 20000


@source
def site_code():
    import compat

    compat.install()
    import asyncio
    import tracemalloc

    may_read = asyncio.Event()

    # Pages of a library that come and go count as resident, too.
    def kept():
        return tracemalloc.get_traced_memory()[0]

    def peak():
        return tracemalloc.get_traced_memory()[1]

    def watch():
        """What is allocated from now on."""
        tracemalloc.stop()
        tracemalloc.start()

    pages = {"/go/": may_read.set, "/stop/": may_read.clear, "/watch/": watch, "/kept/": kept}

    class application:
        def __init__(self, scope):
            self.scope = scope

        async def __call__(self, receive, send):
            if self.scope["type"] == "http":
                told = pages.get(self.scope["path"], peak)() or 0
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": str(told).encode()})
                return
            await send({"type": "websocket.accept"})
            if self.scope["path"] == "/waits/":
                while not may_read.is_set():
                    await asyncio.sleep(0.01)
            count = size = 0
            while True:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    return
                data = message.get("bytes") or b""
                if data == b"told?":
                    await send({"type": "websocket.send", "text": "%d %d" % (count, size)})
                elif message["type"] == "websocket.receive":
                    assert not data[1:] or data[:1] == b"x"
                    count += 1
                    size += len(data)


APPLICATION = "waiting_site:application"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "waiting_site.py").write_text(site_code)
    return folder


def get(address, path):
    connection = http.client.HTTPConnection(*address, timeout=60)
    try:
        connection.request("GET", path)
        return int(connection.getresponse().read().decode())
    finally:
        connection.close()


@contextlib.contextmanager
def serve(site, *options, **environ):
    """A daphne whose memory is all its own: not forked from another process."""
    with daphne(site, APPLICATION, *options, cold=True, **environ) as address:
        get(address, "/watch/")
        yield address


def settle(address):
    """Wait until daphne has read what it wants to: until its memory has stopped to grow."""
    last, same = 0, 0
    while same < 20:  # answers, each a turn of its loop at least
        now = get(address, "/peak/")
        last, same = now, same + 1 if now == last else 0


def flood(address):
    """What the application says of many tiny messages, and the bytes that they take before."""
    with Client(address, "/waits/") as client:
        client.socket.settimeout(200)
        client.send(frame(b"x") * FRAMES)  # 140 kB: the kernel takes it where daphne does not
        settle(address)
        kept = get(address, "/kept/")
        get(address, "/go/")
        client.send(frame(b"told?"))
        return client.receive(), kept


def test_every_message_is_read_and_few_are_kept(site):
    with serve(site) as address:
        told, kept = flood(address)
    assert told == ("text", "%d %d" % (FRAMES, FRAMES)) and kept < 2 * MB


def test_without_the_patch_all_are_kept(site):
    with serve(site, COMPAT_DISABLE=ALONE) as address:
        told, kept = flood(address)
    assert told == ("text", "%d %d" % (FRAMES, FRAMES)) and kept > 3 * MB


def taken(address, size=500000, count=60):
    """How many bytes of large messages daphne and the kernel take while nobody reads them."""
    with Client(address, "/waits/") as client:
        client.socket.settimeout(0.5)
        data, sent, waited = memoryview(frame(b"x" * size) * count), 0, 0
        while sent < len(data) and waited < 3:
            try:
                sent += client.socket.send(data[sent : sent + 65536])
                waited = 0
            except socket.timeout:
                settle(address)  # nobody says that no more will be taken
                waited += 1
        return sent


def test_large_messages_wait_with_the_client(site):
    with serve(site) as address:
        assert taken(address) < 20 * MB
    with serve(site, COMPAT_DISABLE=ALONE) as address:
        assert taken(address) > 28 * MB


def test_who_waits_for_the_application_is_not_asked_for_a_pong(site):
    pings = ["--ping-interval", "1", "--ping-timeout", "1"]
    with serve(site, *pings) as address:
        with Client(address, "/waits/") as client, Client(address, "/") as silent:
            client.pongs = silent.pongs = False
            client.send(frame(b"x") * 1000)
            while silent.receive()[0] != "end":  # it never answers a ping, and is dropped
                pass
            get(address, "/go/")
            client.send(frame(b"told?"))
            kind, text = client.receive()
            while kind == "bytes":  # a ping of before
                kind, text = client.receive()
            assert (kind, text) == ("text", "1000 1000")


def test_who_leaves_is_noticed(site):
    with serve(site) as address:
        for _ in range(3):
            with Client(address, "/waits/") as client:
                client.send(frame(b"x") * 1000)
        get(address, "/go/")
        with Client(address, "/") as other:
            other.send(frame(b"x"), frame(b"told?"))
            assert other.receive() == ("text", "1 1")
    assert "Traceback" not in (site / "daphne.log").read_text()
