"""A real daphne closes WebSockets whose clients have not read yet what came before the code."""

import socket
import struct
import time

import pytest

from tests.support.daphne import daphne
from tests.support.frames import Client, frame
from tests.support.probe import source
from tests.support.wait import wait_until

NAME = "daphne.lost_close_code"
MB = 1024 * 1024


@source
def site():
    import compat

    compat.install()
    import os

    from compat.patches.daphne import lost_close_code

    lost_close_code.PATIENCE = int(os.environ.get("PATIENCE", lost_close_code.PATIENCE))

    class application:
        def __init__(self, scope):
            pass

        async def __call__(self, receive, send):
            await send({"type": "websocket.accept"})
            while True:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    print("disconnected", flush=True)
                    return
                if message["type"] == "websocket.receive":
                    await send({"type": "websocket.send", "bytes": b"x" * int(message["text"])})
                    await send({"type": "websocket.close", "code": 4503})


SIZE = 8 * MB  # more than the buffers of both kernels take


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "closing_site.py").write_text(site)
    return folder


def serve(folder, name, **environ):
    return daphne(folder, "closing_site:application", name=name, **environ)


@pytest.fixture(scope="module")
def server(folder):
    with serve(folder, "patched") as address:
        yield address


class Late(Client):
    """It has asked for a message, and to be closed after it; it has read nothing of that."""

    def __init__(self, address, size=SIZE):
        super().__init__(address)
        self.send(frame(str(size).encode(), 1))
        self.socket.recv(1, socket.MSG_PEEK)

    def hears(self):
        """The kind of its message, and how it is closed."""
        try:
            return self.receive()[0], self.receive()
        except (OSError, struct.error):
            return "half", "reset"


def gone(folder, name):
    """Wait until the application knows that its client has gone."""
    wait_until(lambda: "disconnected" in (folder / (name + ".log")).read_text())


def test_a_late_client_reads_the_code(server):
    with Late(server) as client:
        time.sleep(1.5)  # autobahn's second is over
        assert client.hears() == ("bytes", ("close", 4503))


def test_without_the_patch_it_loses_it(folder):
    with serve(folder, "stock", COMPAT_DISABLE=NAME) as address, Late(address) as client:
        gone(folder, "stock")
        assert client.hears()[1] != ("close", 4503)


def test_whoever_has_got_all_is_waited_for_no_longer_and_not_reset(server):
    with Late(server, 1) as client:
        assert client.hears() == ("bytes", ("close", 4503))
        client.socket.settimeout(5)
        assert client.receive() == ("end", "closed")


def test_whoever_never_reads_is_dropped(folder):
    with serve(folder, "impatient", PATIENCE="2") as address, Late(address) as client:
        gone(folder, "impatient")
        assert client.hears()[1] != ("close", 4503)
