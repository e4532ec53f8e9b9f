"""
Sockets that ask and wait for the answer: python -m tests.labs.bench.echoer '{"host": …}'.

Prints "ready" when all are connected; after a line on standard input each asks so many times, one
question at a time; prints the seconds of a round trip as JSON. `rounds`: how often all connect anew
instead, and leave again. `later`: they connect only after that line, and tell the seconds until all
had. `cookies`: a file with the keys of sessions, one for each. `again`: for so many seconds who is
refused comes back; who has no answer within them is not in.
"""

import asyncio
import json
import random
import struct
import sys
import time

from .lines import percentile
from .websocket_client import Socket

AT_ONCE = 25  # handshakes
HEADERS = "\r\nOrigin: http://%s:%d\r\nCookie: sessionid=%s"


class Echoers:
    """`sockets` connections to one path, at most `at_once` handshakes at a time."""

    def __init__(self, host, port, path, sockets, at_once=AT_ONCE, cookies=None, again=0):
        self.address, self.path, self.count, self.at_once = (host, port), path, sockets, at_once
        self.until, self.refused = 0.0, 0
        self.again = again
        self.headers = [""] * sockets
        if cookies:
            with open(cookies) as file:
                keys = json.load(file)
            self.headers = [HEADERS % (host, port, keys[n % len(keys)]) for n in range(sockets)]
        self.loop = asyncio.get_event_loop()

    async def open(self):
        gate = asyncio.Semaphore(self.at_once)
        return await asyncio.gather(*[self._open_one(gate, headers) for headers in self.headers])

    async def _open_one(self, gate, headers):
        while True:
            try:
                async with gate:
                    return await self._try(headers)
            except (ConnectionError, asyncio.TimeoutError) as error:
                if not self.again:
                    raise
                self.refused += isinstance(error, ConnectionError)
                if time.monotonic() > self.until:
                    return None
                await asyncio.sleep(random.uniform(0.5, 1.5))  # noqa: S311

    async def _try(self, headers):
        answered = asyncio.Queue()
        host = "%s:%d%s" % (self.address + (headers,))
        _, one = await self.loop.create_connection(
            lambda: Socket(host, self.path, on_frame=lambda: answered.put_nowait(None)),
            *self.address,
        )
        try:
            await asyncio.wait_for(one.ready, self.again or 60)
        except asyncio.TimeoutError:
            one.transport.close()
            raise
        one.answered = answered
        return one

    async def ask(self, one, times, waits):
        text = b"x" * 100
        question = struct.pack("!BBI", 0x81, 0x80 | len(text), 0) + text
        for _ in range(times):
            began = time.monotonic()
            one.transport.write(question)
            await asyncio.wait_for(one.answered.get(), 60)
            waits.append(time.monotonic() - began)

    async def reconnect(self, rounds):
        for _ in range(rounds):
            for one in await self.open():
                one.transport.close()


async def main(times=0, rounds=0, later=False, **options):
    echoers = Echoers(**options)
    sockets = [] if later else await echoers.open()
    print("ready", flush=True)
    await echoers.loop.run_in_executor(None, sys.stdin.readline)
    began = time.monotonic()
    echoers.until = began + echoers.again
    if later:
        sockets = await echoers.open()
    opening = time.monotonic() - began
    waits = []
    await asyncio.gather(*[echoers.ask(one, times, waits) for one in sockets])
    await echoers.reconnect(rounds)
    waits.sort()
    found = {"p50": percentile(waits, 50), "p99": percentile(waits, 99), "opening": opening}
    found.update(refused=echoers.refused, opened=sum(one is not None for one in sockets))
    print(json.dumps(found), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main(**json.loads(sys.argv[1])))
