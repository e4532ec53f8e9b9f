"""A daphne that a test stops itself, and an application whose responses wait for the test."""

import contextlib
import signal
import socket
import subprocess

from tests.support.daphne import Daphne, listening

APP = "site_of_probe:application"
SITE = """
import compat
compat.install()
import asyncio, os, time

def wait_for_go():
    while not os.path.exists("go"):
        time.sleep(0.02)

class application:
    def __init__(self, scope):
        self.scope = scope

    async def __call__(self, receive, send):
        path = self.scope["path"]
        message = await receive()
        if self.scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            message = await receive()
            print(message["type"], message.get("code"), flush=True)
            return
        print("began", path, flush=True)
        while path == "/blocks-the-loop":
            time.sleep(0.1)  # a signal just before one long sleep would be heard after it
        if path == "/waits-for-ever":
            try:
                await asyncio.get_event_loop().create_future()
            except asyncio.CancelledError:
                print("was cancelled", flush=True)
                raise
        elif path == "/stuck":
            await asyncio.get_event_loop().run_in_executor(None, time.sleep, 3600)
        elif path != "/":
            await asyncio.get_event_loop().run_in_executor(None, wait_for_go)
        if path == "/fails":
            raise LookupError("on purpose")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for last in [False] * 9 + [True]:
            message = {"type": "http.response.body", "body": b"x" * 100000}
            await send(dict(message, more_body=not last))
"""
GET = "GET %s HTTP/1.1\r\nHost: a\r\n\r\n"
UPGRADE = (
    "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Stopping(Daphne):
    """A daphne that is told to stop, and what comes of its connections."""

    def tell(self, signum=signal.SIGTERM):
        """Send the signal; returns when it is known to have been taken."""
        self.process.send_signal(signum)
        self.wait_for("for what is in flight")

    def status(self, seconds=30):
        """The exit status; None if it does not end in time."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def connect(self, sent=""):
        client = socket.create_connection(self.address, timeout=30)
        client.sendall(sent.encode())
        return client

    def request(self, path):
        """A connection with a request that the application has begun with."""
        client = self.connect(GET % path)
        self.wait_for("began " + path.partition("?")[0])
        return client

    def websocket(self):
        """A WebSocket that is open."""
        client = self.connect(UPGRADE)
        assert client.recv(4096).startswith(b"HTTP/1.1 101 ")
        return client


@contextlib.contextmanager
def daphnes(folder, number=1, **environ):
    """A list of `Stopping`s that share a listening socket, which is theirs alone."""
    (folder / "site_of_probe.py").write_text(SITE)
    running = []
    try:
        with listening() as listener:
            for index in range(number):
                name = "daphne%d" % index
                running.append(Stopping(folder, APP, name=name, listener=listener, **environ))
        yield running
    finally:
        for daphne in running:
            daphne.stop(signal.SIGKILL)


def answer(client):
    """Everything up to the end of the connection."""
    with client:
        parts = []
        while True:
            try:
                part = client.recv(65536)
            except ConnectionResetError:
                part = b""
            if not part:
                return b"".join(parts)
            parts.append(part)
