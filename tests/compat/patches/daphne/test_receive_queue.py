"""A client that sends faster than its application takes, on a real daphne."""

import threading

import pytest
import websocket

from tests.compat.patches.probe import probe
from tests.servers import daphne

NAME = "daphne.receive_queue"
SITE = """
import asyncio

gate, queue = None, None


class Application:
    def __init__(self, scope):
        self.path = scope["path"]

    async def __call__(self, receive, send):
        global gate, queue
        gate = gate or asyncio.Event()
        await receive()
        await send({"type": "websocket.accept"})
        if self.path == "/slow":
            queue = receive.__self__
            await gate.wait()
        taken = 0
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            taken += 1
            if message["text"] == "open":
                gate.set()
            elif message["text"] == "queued":
                held = queue.qsize() if queue else 0
                await send({"type": "websocket.send", "text": str(held)})
            elif message["text"] == "last":
                await send({"type": "websocket.send", "text": str(taken)})
"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site_of_queue.py").write_text(SITE)
    return tmp_path


class Run(object):
    """A client that sends without end and one that asks what daphne holds."""

    def __init__(self, address, text, count):
        url = "ws://%s:%d" % address
        self.slow = websocket.create_connection(url + "/slow", timeout=60)
        self.other = websocket.create_connection(url + "/other", timeout=60)
        self.text, self.count = text, count
        self.sender = threading.Thread(target=self.send)
        self.sender.start()

    def send(self):
        for _ in range(self.count):
            self.slow.send(self.text)
        self.slow.send("last")

    def queued(self):
        self.other.send("queued")
        return int(self.other.recv())

    def until(self, count):
        """Wait until daphne holds so many messages for one application."""
        while self.queued() < count:
            pass

    def end(self):
        """Let the application go on; returns how many messages it got."""
        self.other.send("open")
        taken = int(self.slow.recv())
        self.sender.join()
        self.slow.close()
        self.other.close()
        return taken


@pytest.mark.parametrize("size, limit", [(100, 100), (400 * 1024, 3)], ids=["many", "large"])
def test_it_waits_and_nothing_is_lost(site, size, limit):
    count = 3000 if size == 100 else 40
    with daphne(site, "site_of_queue:Application") as address:
        run = Run(address, "x" * size, count)
        run.until(limit)
        assert max(run.queued() for _ in range(50)) == limit
        assert run.end() == count + 1


def test_without_the_patch_all_of_it_is_held(site):
    with daphne(site, "site_of_queue:Application", COMPAT_DISABLE=NAME) as address:
        run = Run(address, "x" * 100, 3000)
        run.until(3000)
        assert run.end() == 3001


@pytest.mark.parametrize("value, held", [("7", 7), ("0", 3000), ("many", 100), ("-1", 100)])
def test_the_limit_is_the_sites(site, value, held):
    with daphne(site, "site_of_queue:Application", COMPAT_WEBSOCKET_QUEUE=value) as address:
        run = Run(address, "x" * 100, 3000)
        run.until(held)
        assert run.queued() in (held, 3001 if value == "0" else held)
        assert run.end() == 3001
    said = (site / "daphne.log").read_text()
    assert ("is no number of messages" in said) == (value in ("many", "-1"))


def test_a_client_that_leaves_while_it_waits_is_forgotten(site):
    with daphne(site, "site_of_queue:Application") as address:
        run = Run(address, "x" * 100, 90)
        run.sender.join()
        run.until(90)
        run.slow.shutdown()
        run.until(92)  # with "last", and the disconnect
        run.other.send("open")
        while run.queued():
            pass


def test_it_is_applied():
    code = "import daphne.ws_protocol"
    assert probe(code).states[NAME] == "applied"
    assert probe(code, disable=NAME).states[NAME] == "disabled"
