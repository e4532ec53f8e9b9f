"""Clients of every kind: patient ones and those that leave in the middle. Each raises if misled."""

import asyncio
import struct

BODY = b"b" * 200000
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
SECONDS = 30  # after which a client that waits for an answer gives up


class Misled(Exception):
    """The server did not answer as it must."""


class Client(object):
    """One connection."""

    def __init__(self, address):
        self.address = address

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection(*self.address)
        return self

    async def __aexit__(self, *_):
        self.writer.transport.abort()

    def ask(self, method, path, *headers, **options):
        lines = ["%s %s HTTP/1.1" % (method, path), "Host: soak"] + list(headers)
        self.writer.write("\r\n".join(lines + ["", ""]).encode() + options.get("body", b""))

    async def until(self, text):
        return await asyncio.wait_for(self.reader.readuntil(text), SECONDS)

    async def answer(self, text):
        """Read one answer with a Content-Length; its body must be `text`."""
        head = await self.until(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        body = await asyncio.wait_for(self.reader.readexactly(int(length or 0)), SECONDS)
        if not head.startswith(b"HTTP/1.1 200 ") or body != text:
            raise Misled("%r %r" % (head, body))

    async def open(self, number):
        """Become one of a small group."""
        self.ask(
            "GET",
            "/ws/group%d/" % (number % 997),
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: " + KEY,
        )
        head = await self.until(b"\r\n\r\n")
        if b" 101 " not in head:
            raise Misled(repr(head))

    def frame(self, opcode, payload):
        # The mask is nought: the payload stays as it is.
        self.writer.write(struct.pack("!BBI", 0x80 | opcode, 0x80 | len(payload), 0) + payload)


# HTTP -----------------------------------------------------------------------------------------


async def page(client, number):
    client.ask("GET", "/")
    await client.answer(b"page")


async def two_at_once(client, number):
    client.ask("GET", "/")
    client.ask("GET", "/?second")
    await client.answer(b"page")
    await client.answer(b"page")


async def gone_at_once(client, number):
    client.ask("GET", "/")


async def gone_in_the_stream(client, number):
    client.ask("GET", "/stream/")
    await client.until(b"x")


async def half_a_request(client, number):
    client.writer.write(b"GET / HTTP/1.1\r\nHo")
    await client.writer.drain()


async def upload(client, number):
    client.ask("POST", "/upload/", "Content-Length: %d" % len(BODY), body=BODY)
    await client.answer(b"%d" % len(BODY))


async def half_an_upload(client, number):
    client.ask("POST", "/upload/", "Content-Length: %d" % len(BODY), body=BODY[:1000])
    await client.writer.drain()


HTTP = [page, two_at_once, gone_at_once, page, half_a_request, upload, half_an_upload, page]
HTTP += [gone_at_once, page, page, page, gone_in_the_stream]

# WebSocket ------------------------------------------------------------------------------------


async def goodbye(client, number):
    await client.open(number)
    client.frame(8, struct.pack("!H", 1000))
    await asyncio.wait_for(client.reader.read(), SECONDS)  # until the server closes


async def vanished(client, number):
    await client.open(number)


async def vanished_in_the_handshake(client, number):
    client.ask("GET", "/ws/group1/", "Upgrade: websocket", "Connection: Upgrade")


async def heard(client, number):
    await client.open(number)
    word = b"said by %d" % number
    client.frame(1, word)
    await client.until(b'"' + word + b'"')
    client.frame(8, struct.pack("!H", 1001))


WEBSOCKET = [goodbye, vanished, heard, vanished_in_the_handshake, goodbye, heard]


async def run(address, kinds, count, at_a_time, progress):
    """`count` clients, one kind after the other; returns the errors, as texts."""
    errors, left = [], iter(range(count))
    done = 0

    async def worker():
        nonlocal done
        for number in left:
            kind = kinds[number % len(kinds)]
            try:
                async with Client(address) as client:
                    await kind(client, number)
            except (OSError, EOFError, Misled, asyncio.TimeoutError) as error:
                errors.append("%s: %s: %s" % (kind.__name__, type(error).__name__, error))
            done += 1
            progress(done, count)

    await asyncio.wait([asyncio.ensure_future(worker()) for _ in range(at_a_time)])
    return errors
