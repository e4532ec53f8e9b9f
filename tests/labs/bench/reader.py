"""
A process that holds many readers: python -m tests.labs.bench.reader '{"host": …}'.

Prints "ready" when all of them are; after the line "done" on standard input it waits until every
reader has the last line or nothing has come for a while, prints what they got, as JSON, and ends.
After "stop", or the end of its input, it ends at once.
"""

import asyncio
import collections
import contextlib
import json
import socket
import sys
import time

from .lines import LAST, ends, number_of, percentile, sent_at, text_of
from .websocket_client import Socket

AT_ONCE = 25  # handshakes
BROWSER = """
Origin: http://%s
Cookie: csrftoken=kq1s9TnTqTzXw0bTgQ2kqkLq0pZ3h9sQ8mB7cVd6xRf5yWu4tEa3iSo2pGj1lHzN; sessionid=%s
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0
Accept: */*
Accept-Language: zh-CN,zh;q=0.8,en-US;q=0.5,en;q=0.3
Accept-Encoding: gzip, deflate, br, zstd
Sec-WebSocket-Extensions: permessage-deflate
Pragma: no-cache
Cache-Control: no-cache"""


def browser_headers(host, key):
    """What a page of the site sends beside the handshake proper."""
    return (BROWSER % (host, key)).replace("\n", "\r\n")


class Acks:
    """Tells the publisher, at the path of its socket, each line that all readers have."""

    def __init__(self, path, readers):
        self.path, self.readers = path, readers
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.got = {}  # one of the readers → lines so far
        self.having = collections.Counter()  # line → readers that have it

    def frame(self, one, payload):
        before = self.got.get(one, 0)
        self.got[one] = after = before + ends(payload)
        for number in range(before + 1, after + 1):
            self.having[number] += 1
            if self.having[number] == self.readers:
                with contextlib.suppress(OSError):  # it has sent the last one
                    self.socket.sendto(b"%d" % number, self.path)


class Readers:
    """
    `sockets` connections to one path; `mark`: what a ready one has received, `acks`: see Acks.
    `spread`: to so many paths in turn, whose number stands for a "%d". `cookies`: a file with the
    keys of sessions, one for each; then they send what a browser does.
    """

    def __init__(
        self, host, port, path, sockets, mark="", quiet=3.0, acks=None, spread=0, cookies=None
    ):
        self.loop = asyncio.get_event_loop()
        self.address = (host, port)
        self.path, self.count, self.mark, self.quiet = path, sockets, mark.encode(), quiet
        self.spread, self.keys = spread, None
        if cookies:
            with open(cookies) as file:
                self.keys = json.load(file)
        self.sockets = []
        self.acks = Acks(acks, sockets) if acks else None
        self.last_frame = time.monotonic()
        self.words = asyncio.Queue()

    def touch(self, one=None):
        self.last_frame = time.monotonic()
        if self.acks is not None and one is not None:
            self.acks.frame(one, one.frames[-1][1])

    async def open(self):
        gate = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*[self._open_one(gate, number) for number in range(self.count)])

    async def _open_one(self, gate, number):
        async with gate:
            host, path = "%s:%d" % self.address, self.path
            if self.spread:
                path %= number % self.spread
            if self.keys:
                host += browser_headers(host, self.keys[number % len(self.keys)])
            _, one = await self.loop.create_connection(
                lambda: Socket(host, path, self.mark, LAST.encode()), *self.address
            )
            one.on_frame = lambda: self.touch(one)
            await asyncio.wait_for(one.ready, 60)
            self.sockets.append(one)

    def listen_to_driver(self):
        self.loop.add_reader(sys.stdin.fileno(), self._hear)

    def _hear(self):
        word = sys.stdin.readline()
        if not word:
            self.loop.remove_reader(sys.stdin.fileno())
        self.words.put_nowait(word.strip() or "stop")

    async def settle(self):
        """Wait for the end: everybody has the last line, or silence."""
        self.touch()
        while not all(one.seen for one in self.sockets):
            if time.monotonic() - self.last_frame > self.quiet:
                return
            await asyncio.sleep(0.05)

    def result(self):
        """What they got: see the keys."""
        counts, orderly, lasts, waits = [], True, [], []
        for one in self.sockets:
            numbers, last, rest = [], None, ""
            for when, payload in one.frames:
                *lines, rest = (rest + text_of(payload)).split("\n")
                for line in lines:
                    numbers.append(number_of(line))
                    waits.append(when - sent_at(line))
                    last = when
            counts.append(len(set(numbers)))
            orderly = orderly and numbers == sorted(set(numbers))
            lasts.append(last)
        waits.sort()
        return {
            "lines": counts,  # different lines of each reader
            "orderly": orderly,  # in order and none twice, for every reader
            "last": max((last for last in lasts if last is not None), default=None),
            "p50": percentile(waits, 50),  # seconds from just before publish() to the client
            "p99": percentile(waits, 99),
            "ended": sorted({one.ended for one in self.sockets if one.ended}),
            "cpu": time.process_time(),
        }


async def main(options):
    readers = Readers(**options)
    await readers.open()
    readers.listen_to_driver()
    print("ready", flush=True)
    if await readers.words.get() == "done":
        await readers.settle()
        print(json.dumps(readers.result()), flush=True)


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main(json.loads(sys.argv[1])))
