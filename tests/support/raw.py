"""An application that misbehaves by path, and requests to it over plain sockets."""

import contextlib
import re
import socket
import time

APPLICATION = "raw_site:application"
SITE = """
import compat
compat.install()
import asyncio

from daphne.server import reactor

begun = []
HOURS = 3600


class Unspeakable(Exception):
    def __str__(self):
        raise LookupError("no words")


class application:
    def __init__(self, scope):
        self.path = scope["path"]
        self.type = scope["type"]

    async def __call__(self, receive, send):
        await receive()
        if self.type == "websocket":
            await asyncio.sleep(HOURS)  # neither accepted nor denied
        self.send = send
        begun.append(self.path)
        name, _, self.argument = self.path.strip("/").partition("/")
        await getattr(self, name)()

    async def start(self, status=200):
        await self.send({"type": "http.response.start", "status": status, "headers": []})

    async def body(self, body, more=False):
        await self.send({"type": "http.response.body", "body": body, "more_body": more})

    async def answer(self, body, status=200):
        await self.start(status)
        await self.body(body)

    async def ok(self):
        await self.answer(self.path.encode())

    async def parts(self):
        await self.start(int(self.argument))
        for part in (b"<one>", b"<two>"):
            await self.body(part, more=True)
        await self.body(b"<three>")

    async def begun(self):
        await self.answer(" ".join(begun).encode())

    async def slow(self):
        while "/release" not in begun:
            await asyncio.sleep(0.02)
        await self.answer(self.path.encode())

    async def release(self):
        await self.ok()

    async def fails(self):
        raise LookupError("on purpose")

    async def fails_started(self):
        await self.start(201)
        raise LookupError("on purpose")

    async def fails_midway(self):
        await self.start()
        await self.body(b"<part>", more=True)
        raise LookupError("on purpose")

    async def fails_unspeakably(self):
        raise Unspeakable

    async def stops(self):
        pass

    async def stops_started(self):
        await self.start(201)

    async def stops_midway(self):
        await self.start()
        await self.body(b"<part>", more=True)

    async def cancels_itself(self):
        raise asyncio.CancelledError

    async def streams(self):
        await self.start()
        while True:
            await self.body(b"<part>", more=True)
            await asyncio.sleep(0.05)

    async def silent(self):
        await asyncio.sleep(HOURS)

    async def silent_started(self):
        await self.start(201)
        await asyncio.sleep(HOURS)

    async def silent_midway(self):
        await self.start()
        await self.body(b"<part>", more=True)
        await asyncio.sleep(HOURS)

    async def unfinished(self):
        # How many requests daphne takes for unfinished, without this one.
        [port] = [one for one in reactor.getReaders() if hasattr(one, "factory")]
        server = port.factory.server
        open = [one for one in server.connections.values() if "disconnected" not in one]
        await self.answer(b"%d" % (len(open) - 1))
"""


def write_site(folder):
    (folder / "raw_site.py").write_text(SITE)
    return folder


def request(path, method="GET", *headers):
    """The bytes of a request."""
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: a"] + list(headers)
    return "\r\n".join(lines + ["", ""]).encode("latin1")


def receive(client, until=None, seconds=20):
    """(bytes, end): what comes until it has `until` in it, or to the end.

    end: "found", "closed", "reset", or "open" when the time has passed.
    """
    client.settimeout(seconds)
    received = b""
    while until is None or until not in received:
        try:
            data = client.recv(65536)
        except socket.timeout:
            return received, "open"
        except ConnectionResetError:
            return received, "reset"
        if not data:
            return received, "closed"
        received += data
    return received, "found"


def ask(address, data, until=None, seconds=20):
    """Send the bytes over a connection of their own; what receive() says."""
    with socket.create_connection(address) as client:
        client.sendall(data)
        return receive(client, until, seconds)


def ask_all(address, datas, seconds=20):
    """What ask() says, over connections that are open together; `seconds` for all of them."""
    with contextlib.ExitStack() as stack:
        clients = []
        for data in datas:
            clients.append(stack.enter_context(socket.create_connection(address)))
            clients[-1].sendall(data)
        deadline = time.monotonic() + seconds
        return [
            receive(client, seconds=max(0.1, deadline - time.monotonic())) for client in clients
        ]


def get(address, path, seconds=20):
    """(status, body) of one request; (None, b"") when there is no answer in time."""
    answer = ask(address, request(path, "GET", "Connection: close"), seconds=seconds)[0]
    [found] = answers(answer) or [(None, b"")]
    return found


def answers(received):
    """[(status, body), …] of the responses, all of them chunked."""
    found = []
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        body = b""
        size = -1
        while size:
            line, _, received = received.partition(b"\r\n")
            size = int(line or b"0", 16)
            body, received = body + received[:size], received[size + 2 :]
        found.append((int(re.match(rb"HTTP/1.1 (\d+) ", head).group(1)), body))
    return found
