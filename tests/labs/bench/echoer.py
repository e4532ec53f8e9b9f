"""
Sockets that ask and wait for the answer: python -m tests.labs.bench.echoer '{"host": …}'.

Prints "ready" when all are connected; after a line on standard input each asks so many times, one
question at a time; prints the seconds of a round trip as JSON. `rounds`: how often all connect anew
instead, and leave again.
"""

import asyncio
import json
import struct
import sys
import time

from .lines import percentile
from .websocket_client import Socket

AT_ONCE = 25  # handshakes


class Echoers:
    """`sockets` connections to one path, with `headers` of their handshakes."""

    def __init__(self, host, port, path, sockets, headers=""):
        self.address, self.path, self.count, self.headers = (host, port), path, sockets, headers
        self.loop = asyncio.get_event_loop()

    async def open(self):
        gate = asyncio.Semaphore(AT_ONCE)
        return await asyncio.gather(*[self._open_one(gate) for _ in range(self.count)])

    async def _open_one(self, gate):
        async with gate:
            answered = asyncio.Queue()
            host = "%s:%d%s" % (self.address + (self.headers,))
            _, one = await self.loop.create_connection(
                lambda: Socket(host, self.path, on_frame=lambda: answered.put_nowait(None)),
                *self.address,
            )
            await asyncio.wait_for(one.ready, 60)
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


async def main(times=0, rounds=0, **options):
    echoers = Echoers(**options)
    sockets = await echoers.open()
    print("ready", flush=True)
    await echoers.loop.run_in_executor(None, sys.stdin.readline)
    waits = []
    await asyncio.gather(*[echoers.ask(one, times, waits) for one in sockets])
    await echoers.reconnect(rounds)
    waits.sort()
    print(json.dumps({"p50": percentile(waits, 50), "p99": percentile(waits, 99)}), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main(**json.loads(sys.argv[1])))
