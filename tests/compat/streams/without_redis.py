"""Readers of a site without Redis, and who publishes to them."""

import contextlib
import json

import websocket

from tests.support.servers import HOST
from tests.support.sites.streams import Steps

BIG = "x" * 9000  # no notification of PostgreSQL's has room for it


class Reader:
    """A client that checks the order of what it gets."""

    def __init__(self, server, path, live=True):
        url = f"ws://{HOST}:{server.port}/ws/{path}/?since=0"
        self.socket = websocket.create_connection(url, timeout=60)
        self.bodies = []
        while live and self.read() != "live":
            pass

    def read(self):
        frame = json.loads(self.socket.recv())
        if frame["type"] == "entries":
            assert frame["first"] == len(self.bodies) + 1
            self.bodies += frame["bodies"]
        return frame["type"]

    def until(self, body):
        """All bodies, when that one has come."""
        while body not in self.bodies:
            self.read()
        return self.bodies


@contextlib.contextmanager
def readers_of(site, stream, count):
    """A reader on each of so many daphnes, and a process that publishes."""
    servers = [site.daphne() for _ in range(count)]
    with contextlib.closing(Steps(site)) as steps:
        readers = [Reader(server, stream) for server in servers]
        yield servers, readers, steps
        for reader in readers:
            reader.socket.close()
    for server in servers:
        server.stop()
        for noise in ("Traceback", "ERROR", "was destroyed", "never retrieved"):
            assert noise not in server.output(), server.output()[-3000:]
