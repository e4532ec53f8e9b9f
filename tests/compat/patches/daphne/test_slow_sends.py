"""When and how what an application sends reaches the socket of its client."""

import os
import random
import socket
import threading

import pytest

from tests.support.daphne import daphne
from tests.support.frames import Client, frame

NAME = "daphne.slow_sends"
SITE = """
import compat
compat.install()
import asyncio
import random

class application:
    def __init__(self, scope):
        self.path = scope["path"]

    async def __call__(self, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            if self.path == "/blocked/":
                await send({"type": "websocket.send", "text": "now"})
                with open("go") as fifo:  # nothing else runs until the test opens it
                    fifo.read()
                await send({"type": "websocket.send", "text": "later"})
                continue
            choose = random.Random(int(message["text"]))
            for number in range(choose.randrange(100, 300)):
                await send(dict(one(choose, number), type="websocket.send"))
                if choose.random() < 0.2:
                    await asyncio.sleep(0)
            await send({"type": "websocket.close", "code": 4321})

def one(choose, number):
    size = choose.choice((1, 3, 41, 42, 125, 126, 127, 2000, 65535, 65536, 70000))
    # The same one now and then, also as the other kind.
    text = "%d," % (number - number % 3) + "x" * size if number % 5 else "\\u20ac" * size
    return {"text": text} if choose.random() < 0.7 else {"bytes": text.encode()[:size]}
"""
APPLICATION = "sending_site:application"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "sending_site.py").write_text(SITE)
    os.mkfifo(str(folder / "go"))
    return folder


def comes_at_once(site, address):
    """Whether a message comes while the application that sent it has not let go of the loop."""
    with Client(address, "/blocked/") as client:
        client.send(frame(b"x", opcode=1))
        client.socket.settimeout(3)
        try:
            first = client.socket.recv(5)
        except socket.timeout:
            first = b""
        client.socket.settimeout(30)
        with open(str(site / "go"), "w"):
            pass  # it goes on
        rest = client.socket.makefile("rb").read(12 - len(first))
        assert first + rest == b"\x81\x03now\x81\x05later"
        return bool(first)


def test_a_message_is_written_at_once(site):
    with daphne(site, APPLICATION) as address:
        assert comes_at_once(site, address)


def test_without_the_patch_it_waits_for_the_loop(site):
    with daphne(site, APPLICATION, COMPAT_DISABLE=NAME) as address:
        assert not comes_at_once(site, address)


def expected(seed):
    """What the application sends for a number, by its own code."""
    names = {}
    exec(SITE.replace("import compat\ncompat.install()\n", ""), names)  # noqa: S102
    choose = random.Random(seed)
    found = []
    for number in range(choose.randrange(100, 300)):
        message = names["one"](choose, number)
        found += [("text" if kind == "text" else "bytes", data) for kind, data in message.items()]
        choose.random()
    return found + [("close", 4321)]


def received(address, seed, late):
    """What a client gets that begins to read when the application has sent all that it can."""
    with Client(address) as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.send(frame(b"%d" % seed, opcode=1))
        if late:
            # Who comes after it is answered when all of it has been sent, or waits.
            with Client(address) as other:
                other.send(frame(b"%d" % seed, opcode=1))
                while other.receive()[0] != "close":
                    pass
        got = []
        while not got or got[-1][0] in ("text", "bytes"):
            got.append(client.receive())
        return got


@pytest.mark.parametrize("disabled", ["", NAME], ids=["patched", "stock"])
def test_all_comes_in_order_whole_and_with_the_close_code(site, disabled):
    with daphne(site, APPLICATION, COMPAT_DISABLE=disabled) as address:
        for seed in range(3):
            for late in (False, True):
                assert received(address, seed, late) == expected(seed)


def test_many_clients_get_each_its_own(site):
    with daphne(site, APPLICATION) as address:
        got = {}

        def read(seed):
            got[seed] = received(address, seed, late=False)

        threads = [threading.Thread(target=read, args=(seed,)) for seed in range(10, 18)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert got == {seed: expected(seed) for seed in range(10, 18)}
