"""
Keep-alive HTTP clients: python -m tests.labs.bench.http_client HOST PORT CONNECTIONS.

Prints "ready"; for each number on standard input sends that many requests and prints the
seconds they took; an answer other than 200 ends it.
"""

import asyncio
import sys
import time


class Connection(asyncio.Protocol):
    """Asks again as soon as an answer is complete."""

    def __init__(self, clients):
        self.clients = clients
        self.buffer = b""

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, error):
        self.clients.fail("the server closed a connection")

    def ask(self):
        if self.clients.left > 0:
            self.clients.left -= 1
            self.transport.write(self.clients.request)

    def data_received(self, data):
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = head.lower().partition(b"\r\ncontent-length:")[2].split(b"\r\n")[0]
        if not head.startswith(b"HTTP/1.1 200 ") or not length:
            self.clients.fail(head.split(b"\r\n")[0].decode("latin-1"))
        elif len(rest) >= int(length):
            self.buffer = b""
            self.clients.answered()
            self.ask()


class Clients:
    """Several connections that share one number of requests."""

    def __init__(self, host, port):
        self.request = ("GET / HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (host, port)).encode()
        self.left = self.missing = 0
        self.finished = None

    def answered(self):
        self.missing -= 1
        if not self.missing:
            self.finished.set_result(None)

    def fail(self, why):
        if self.finished is not None and not self.finished.done():
            self.finished.set_exception(RuntimeError(why))


def main(host, port, connections):
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    clients = Clients(host, int(port))

    async def connect():
        for _ in range(int(connections)):
            _, one = await loop.create_connection(lambda: Connection(clients), host, int(port))
            opened.append(one)

    opened = []
    loop.run_until_complete(connect())
    print("ready", flush=True)
    for word in sys.stdin:
        clients.left = clients.missing = int(word)
        clients.finished = loop.create_future()
        start = time.monotonic()
        for connection in opened:
            connection.ask()
        loop.run_until_complete(asyncio.wait_for(clients.finished, 60))
        print(time.monotonic() - start, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
