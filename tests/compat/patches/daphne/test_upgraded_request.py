"""What open WebSockets keep of the HTTP requests that they have been."""

import pytest

from tests.support.daphne import daphne
from tests.support.frames import Client, frame

NAME = "daphne.upgraded_request"
AT_ONCE = "daphne.reread_handshake"  # with which there is no such request
LARGE = 3000000  # bytes: more than fit into a socket, so that Twisted pauses its producer, if any
SITE = """
import compat
compat.install()
import asyncio
import gc

from daphne.server import reactor

def named(name):
    return [one for one in gc.get_objects() if type(one).__name__ == name]

class application:
    def __init__(self, scope):
        pass

    async def __call__(self, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] == "websocket.receive":
            (port,) = [one for one in reactor.getReaders() if hasattr(one, "factory")]
            connections = port.factory.server.connections
            while any(type(one).__name__ == "WebRequest" for one in connections):
                await asyncio.sleep(0.05)  # until daphne has forgotten those that are over
            gc.collect()
            kept = len(named("HTTPChannel")), len(named("WebRequest"))
            await send({"type": "websocket.send", "text": "%d channels, %d requests" % kept})
            await send({"type": "websocket.send", "bytes": b"x" * LARGE})
""".replace("LARGE", str(LARGE))


@pytest.fixture
def site(tmp_path):
    (tmp_path / "keeping_site.py").write_text(SITE)
    return tmp_path


def kept(site, disabled=""):
    with daphne(site, "keeping_site:application", COMPAT_DISABLE=disabled) as address:
        clients = [Client(address) for _ in range(5)]
        said = []
        for client in clients:
            client.send(frame(b"?", opcode=1))
            said.append(client.receive()[1])
            assert client.receive() == ("bytes", b"x" * LARGE)
            client.send(frame(b"?", opcode=1))
            assert client.receive()[0] == "text" and client.receive()[0] == "bytes"
        for client in clients:
            client.send(frame(b"\x03\xe8", opcode=8))
            assert client.receive() == ("close", 1000)
            client.__exit__()
    return said[-1]


def test_an_open_socket_keeps_nothing_of_its_request(site):
    assert kept(site) == kept(site, AT_ONCE) == "0 channels, 0 requests"


def test_without_the_patch_it_keeps_all_of_it(site):
    assert kept(site, NAME + "," + AT_ONCE) == "5 channels, 5 requests"
