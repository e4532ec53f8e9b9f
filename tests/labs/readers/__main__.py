"""What a reader costs daphne, by WebSocket and by event stream: python -m tests.labs.readers"""

import argparse
import json
import os
import re
import selectors
import socket
import sys
import tempfile
import time

from tests.support.redis import Redis
from tests.support.servers import HOST
from tests.support.sites.streams import Site

HEADS = {
    "websocket": [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ],
    "events": ["Accept: text/event-stream"],
}


PING = re.compile(b"\x89([\x00-\x7d])", re.S)


def pongs(data):
    """What answers the pings in frames of JSON; a client's frames are masked, here by nought."""
    found = [data[one.end() : one.end() + ord(one.group(1))] for one in PING.finditer(data)]
    return b"".join(b"\x8a" + bytes([0x80 | len(one)]) + bytes(4) + one for one in found)


class Readers:
    """Clients of one kind that count what comes."""

    def __init__(self, port, kind, count, stream):
        self.selector = selectors.DefaultSelector()
        self.lives = self.entries = 0
        lines = [f"GET /ws/{stream}/?since=latest&epoch= HTTP/1.1", "Host: a"]
        request = "\r\n".join(lines + HEADS[kind] + ["", ""]).encode()
        for _ in range(count):
            client = socket.create_connection((HOST, port))
            client.sendall(request)
            client.setblocking(False)
            self.selector.register(client, selectors.EVENT_READ)
        self.count = count

    def read(self, until=lambda: False, seconds=60.0):
        """Take what comes, until it is enough or the time is over."""
        deadline = time.monotonic() + seconds
        while not until() and time.monotonic() < deadline:
            for key, _ in self.selector.select(min(0.2, max(0, deadline - time.monotonic()))):
                data = key.fileobj.recv(1 << 20)
                assert data, "a reader was cut off"
                key.fileobj.send(pongs(data))
                self.lives += data.count(b'"live"')
                self.entries += data.count(b'"entries"')

    def close(self):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def cpu(server):
    with open(f"/proc/{server.process.pid}/stat") as text:
        fields = text.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(server):
    with open(f"/proc/{server.process.pid}/status") as text:
        return next(int(line.split()[1]) for line in text if line.startswith("VmRSS"))


def measure(site, kind, count, seconds, rounds):
    """µs of CPU a second for an idle reader and for a delivery, ms for a connection, KiB."""
    server = site.daphne()
    try:
        warm = Readers(server.port, kind, 5, "news")
        warm.read(lambda: warm.lives == 5)
        warm.close()
        before, empty = cpu(server), memory(server)
        readers = Readers(server.port, kind, count, "news")
        readers.read(lambda: readers.lives == count)
        connected, full = cpu(server), memory(server)
        readers.read(seconds=seconds)
        idle = cpu(server) - connected
        start = cpu(server)
        for _ in range(rounds):
            wanted = readers.entries + count
            site.step("publish", "news", "x" * 140)
            readers.read(lambda wanted=wanted: readers.entries >= wanted)
        delivered = cpu(server) - start
        readers.close()
        return {
            "kind": kind,
            "readers": count,
            "connect_ms": round(1000 * (connected - before) / count, 2),
            "idle_us_per_s": round(1e6 * idle / count / seconds, 1),
            "delivery_us": round(1e6 * delivered / count / rounds, 1),
            "kib": round((full - empty) / count, 1),
        }
    finally:
        server.stop()


def main(argv):
    parser = argparse.ArgumentParser(prog="tests.labs.readers", description=__doc__)
    parser.add_argument("--readers", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--times", type=int, default=2)
    args = parser.parse_args(argv)
    from tests.support.sites.streams import Steps

    with tempfile.TemporaryDirectory(prefix="readers-") as folder:
        database = {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.path.join(folder, "db.sqlite3"),
        }
        os.makedirs(os.path.join(folder, "redis"))
        redis = Redis(os.path.join(folder, "redis"))
        site = Site(database, folder, json.dumps([[HOST, redis.port]]))
        try:
            site.run("migrate")
            site.step = Steps(site)
            for _ in range(args.times):
                for kind in HEADS:
                    print(
                        json.dumps(measure(site, kind, args.readers, args.seconds, args.rounds)),
                        flush=True,
                    )
        finally:
            site.step.close()
            site.close()
            redis.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
