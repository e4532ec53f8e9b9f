"""What a real daphne compresses, and what it does with what clients have compressed."""

import json
import os
import subprocess
import sys
import zlib

import pytest

from tests.support import CHECKOUT
from tests.support.daphne import Daphne, daphne
from tests.support.frames import APPLICATION, Client, frame, write_site

NAME = "daphne.compression"
SOON = {"COMPAT_DRAIN_SECONDS": "0.5"}
ON = dict(SOON, COMPAT_WEBSOCKET_DEFLATE_FROM="1000")
MB = 1024 * 1024
CHROMIUM = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
SMALL = b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=%d"
TAIL = b"\x00\x00\xff\xff"
DEFLATED = 0x40  # the bit in the first byte of a frame
CLOSED = ("close", 1009)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return write_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def server(site):
    found = Daphne(site, APPLICATION, **ON)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def address(server):
    return server.address


def deflated(data, opcode=2, fin=True, end=zlib.Z_SYNC_FLUSH):
    """A client's frame with a message that it has compressed."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    payload = deflater.compress(data) + deflater.flush(end)
    payload = payload[: -len(TAIL)] if end == zlib.Z_SYNC_FLUSH else payload + b"\0"
    return marked(frame(payload, opcode, fin))


def marked(data):
    return bytes([data[0] | DEFLATED]) + data[1:]


class Offering(Client):
    """A client that offers to compress; `extensions`: the answer, "" for none."""

    def __init__(self, address, *offer, path="/"):
        super().__init__(address, path, offer or [CHROMIUM], accepted=False)
        self.extensions = ""
        self.status = int(self.file.readline().split()[1])
        for line in iter(self.file.readline, b"\r\n"):
            name, _, value = line.decode().partition(": ")
            if name.lower() == "sec-websocket-extensions":
                self.extensions = value.strip()

    def payload(self):
        """(whether it is compressed, its bytes as they came)."""
        head = self.file.read(2)
        size = head[1]
        if size > 125:
            size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
        return bool(head[0] & DEFLATED), self.file.read(size)


def resident(server):
    with open("/proc/%d/status" % server.process.pid) as file:
        (line,) = [line for line in file if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


def test_large_messages_are_compressed_and_small_ones_are_not(address):
    with Offering(address) as client:
        assert client.extensions == (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        )
        for _ in range(2):  # each by itself
            client.send(frame(b"large1000"))
            compressed, payload = client.payload()
            assert compressed and len(payload) < 100
            assert zlib.decompressobj(-12).decompress(payload + TAIL) == b"x" * 1000
            client.send(frame(b"large999"))
            assert client.payload() == (False, b"x" * 999)


@pytest.mark.parametrize("size", [1000, 3 * MB])
def test_without_the_patch_or_the_variable_nothing_is_accepted(site, size):
    for environ in (SOON, dict(ON, COMPAT_DISABLE=NAME)):
        with daphne(site, APPLICATION, **environ) as address:
            with Offering(address) as client:
                assert client.extensions == ""
                client.send(frame(b"large%d" % size))
                assert client.payload() == (False, b"x" * size)


def test_without_slow_sends_as_well(site):
    """autobahn writes the small ones, too."""
    with daphne(site, APPLICATION, COMPAT_DISABLE="daphne.slow_sends", **ON) as address:
        with Offering(address) as client:
            client.send(frame(b"large1000"), frame(b"large999"))
            assert client.payload()[0]
            assert client.payload() == (False, b"x" * 999)


def test_who_does_not_offer_it_gets_nothing_of_it(address):
    with Client(address) as client:
        client.send(frame(b"large5000"))
        assert client.receive() == ("bytes", b"x" * 5000)
        client.send(deflated(b"x" * 5000))
        assert client.receive()[0] in ("close", "end")


@pytest.mark.parametrize("bits, accepted", [(9, False), (11, False), (12, True), (15, True)])
def test_a_client_that_wants_a_smaller_window_is_declined(address, bits, accepted):
    with Offering(address, SMALL % bits) as client:
        assert ("server_max_window_bits=12" in client.extensions) == accepted
        assert bool(client.extensions) == accepted


def test_what_a_client_has_compressed(address):
    with Offering(address) as client:
        client.send(deflated(b"y" * 5000))
        assert client.receive() == ("text", "5000")
        client.send(deflated(b"", end=zlib.Z_FINISH))
        assert client.receive() == ("text", "0")
        client.send(deflated(b"y" * 300, end=zlib.Z_FINISH))
        assert client.receive() == ("text", "300")
        whole = deflated(bytes(range(256)) * 40)
        payload = whole[8:] if whole[1] == 0xFE else whole[6:]
        client.send(marked(frame(payload[:20], fin=False)), frame(b"ping", opcode=9))
        assert client.payload() == (False, b"ping")
        client.send(frame(payload[20:], opcode=0))
        assert client.receive() == ("text", "10240")


@pytest.mark.parametrize("junk", [b"\xff" * 50, b"\x06" + b"junk" * 2000])
def test_what_cannot_be_inflated_ends_that_socket_only(server, junk):
    with Offering(server.address) as client, Offering(server.address) as other:
        client.send(marked(frame(junk)))
        assert client.receive()[0] in ("close", "end")
        other.send(deflated(b"y" * 5000))
        assert other.receive() == ("text", "5000")
    assert "Traceback" not in server.output()


def test_the_limit_is_for_what_becomes_of_a_message(address):
    with Offering(address) as client:
        client.send(deflated(b"z" * MB))
        assert client.receive() == ("text", str(MB))
        client.send(deflated(b"z" * (MB + 1)))
        assert client.receive() == CLOSED


def test_a_bomb_is_refused_and_takes_no_memory(server):
    bomb = deflated(bytes(200 * MB))  # 200 KB
    assert len(bomb) < 250000
    with Offering(server.address) as client:
        client.send(deflated(b"z" * MB))
        assert client.receive() == ("text", str(MB))
        before = resident(server)
        with open("/proc/%d/clear_refs" % server.process.pid, "w") as file:
            file.write("5")  # the peak begins anew
        client.send(bomb)
        assert client.receive() == CLOSED
    with open("/proc/%d/status" % server.process.pid) as file:
        (peak,) = [int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM")]
    assert peak - before < 8 * MB


def test_who_goes_on_after_a_bomb_takes_no_time(server):
    """Nothing more is inflated for him."""
    piece = deflated(bytes(20 * MB))
    payload = piece[14:] if piece[1] == 0xFF else piece[8:]
    with Offering(server.address) as client:
        client.send(marked(frame(payload[:18000], fin=False)))
        assert client.receive() == CLOSED
        before = cpu(server)
        for _ in range(50):
            client.send(frame(payload[:18000], opcode=0, fin=False))
        spent = cpu(server) - before
    assert spent < 0.5  # 800 MB would take more


def cpu(server):
    with open("/proc/%d/stat" % server.process.pid) as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


CLIENT = """
import asyncio, json, sys
from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.compress import (
    PerMessageDeflateOffer, PerMessageDeflateResponse, PerMessageDeflateResponseAccept)

told = []

class Protocol(WebSocketClientProtocol):
    def onOpen(self):
        told.append([str(one) for one in self.websocket_extensions_in_use] != [])
        self.sendMessage(b"large70000", True)
        self.sendMessage(b"y" * 70000, True)

    def onMessage(self, payload, isBinary):
        told.append(len(payload) if isBinary else payload.decode())
        if len(told) == 3:
            told.append(self.trafficStats.incomingOctetsWireLevel < 2000)
            self.sendClose()

    def onClose(self, *args):
        loop.stop()

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
factory = WebSocketClientFactory("ws://127.0.0.1:%s/" % sys.argv[1])
factory.protocol = Protocol
factory.setProtocolOptions(
    perMessageCompressionOffers=[PerMessageDeflateOffer()],
    perMessageCompressionAccept=lambda response: PerMessageDeflateResponseAccept(response))
loop.run_until_complete(loop.create_connection(factory, "127.0.0.1", int(sys.argv[1])))
loop.run_forever()
print(json.dumps(told))
"""


def test_autobahns_client_agrees(address):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CLIENT, str(address[1])],
        stdout=subprocess.PIPE,
        cwd=CHECKOUT,
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout.decode()) == [True, 70000, "70000", True]


PAGE = """(() => {
    window.told = [];
    const socket = new WebSocket('ws://127.0.0.1:%d/');
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
        told.push(socket.extensions.split(';')[0]);
        socket.send(new TextEncoder().encode('large70000'));
        socket.send(new Uint8Array(70000));
    };
    socket.onmessage = event => told.push(event.data.byteLength || event.data);
})()"""


def test_a_browser_agrees(address, browser):
    page = browser.page()
    page.evaluate(PAGE % address[1])
    page.wait_for("told.length === 3")
    assert page.evaluate("told") == ["permessage-deflate", 70000, "70000"]
