"""
What presence costs: python -m tests.labs.presence

Guests of one stream, spread over some daphnes: of a stream without presence, of one that counts
them, and of one that tells each of them. One line of JSON for each: CPU of the daphnes for a
connection, for a reader and second while nobody comes, and while two come each second; frames about
presence, and their bytes. By long polling each answer is a going and a coming.
"""

import argparse
import json
import os
import re
import selectors
import socket
import sys
import tempfile
import time

from tests.labs.readers.__main__ import HEADS, cpu, memory, pongs
from tests.support.servers import HOST
from tests.support.sites.streams import Site

PATHS = {
    "none": "rooms/x/?since=0",
    "counted": "lobby/?since=0",
    "told": "lobby/?since=0&presence=1",
}
FRAME = re.compile(rb'\{"type":"presence"[^}]*\}')
COUNT = re.compile(rb'"count":(\d+)')
AT_ONCE = 100
CHANGE = 0.5  # seconds between two who come


class Guests:
    """Clients that count what comes; those who poll ask again."""

    def __init__(self, servers, path, count, poll):
        self.path, self.poll = path + "&transport=poll" if poll else path, poll
        self.selector = selectors.DefaultSelector()
        self.lives = self.frames = self.bytes = self.last = self.answers = 0
        self.servers = servers
        for number in range(1, count + 1):
            self.open(servers[number % len(servers)])
            if number % AT_ONCE == 0 or number == count:  # those who are here have pings to answer
                self.read(lambda number=number: poll or self.lives >= number)

    def request(self):
        lines = ["GET /ws/%s&epoch= HTTP/1.1" % self.path, "Host: a"]
        return "\r\n".join(lines + ([] if self.poll else HEADS["websocket"]) + ["", ""]).encode()

    def open(self, server):
        client = socket.create_connection((HOST, server.port))
        client.sendall(self.request())
        client.setblocking(False)
        self.selector.register(client, selectors.EVENT_READ)
        return client

    def read(self, until=lambda: False, seconds=120.0, change=False):
        """Take what comes, until it is enough or the time is over."""
        began = time.monotonic()
        due = began + CHANGE
        while not until() and time.monotonic() < began + seconds:
            if change and time.monotonic() > due:
                self.open(self.servers[0])
                due += CHANGE
            for key, _ in self.selector.select(0.1):
                data = key.fileobj.recv(1 << 20)
                assert data, "a guest was cut off"
                self.take(key.fileobj, data)

    def take(self, client, data):
        client.send(pongs(data))
        self.lives += data.count(b'"live"')
        for text in FRAME.findall(data):
            self.frames, self.bytes = self.frames + 1, self.bytes + len(text)
            self.last = int(COUNT.search(text).group(1))
        if self.poll and data.endswith(b"}"):
            self.answers += 1
            client.send(self.request())

    def close(self):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def measure(site, kind, poll, args):
    """The figures of one kind of presence, as a dict."""
    servers = [site.daphne() for _ in range(args.daphnes)]

    def used():
        return sum(map(cpu, servers))

    try:
        warm = Guests(servers, PATHS[kind], len(servers), False)
        warm.read(lambda: warm.lives >= len(servers))
        warm.close()
        before, empty = used(), sum(map(memory, servers))
        guests = Guests(servers, PATHS[kind], args.guests, poll)
        if kind == "told" and not poll:
            guests.read(lambda: guests.last == args.guests)
        guests.read(seconds=1.5 * args.round)  # the last round
        connected, full = used(), sum(map(memory, servers))
        coming = guests.frames
        answers, began = guests.answers, used()
        guests.read(seconds=args.seconds)
        idle, answers = used() - began, guests.answers - answers
        frames, size, start = guests.frames, guests.bytes, used()
        guests.read(seconds=args.seconds, change=True)
        found = {
            "presence": kind,
            "by": "poll" if poll else "websocket",
            "guests": args.guests,
            "daphnes": args.daphnes,
            "connect_ms": round(1000 * (connected - before) / args.guests, 2),
            "frames_while_coming": round(coming / args.guests, 1),
            "idle_us_per_s": round(1e6 * idle / args.guests / args.seconds, 1),
            "change_us_per_s": round(1e6 * (used() - start) / args.guests / args.seconds, 1),
            "frames_per_s": round((guests.frames - frames) / args.guests / args.seconds, 2),
            "frame_bytes": round((guests.bytes - size) / max(1, guests.frames - frames)),
            "kib": round((full - empty) / args.guests, 1),
        }
        if poll:
            found["answer_us"] = round(1e6 * idle / max(1, answers), 1)
        guests.close()
        return found
    except OSError:
        print("\n".join("%s %s" % (one.process.poll(), one.output()[-800:]) for one in servers))
        raise
    finally:
        for one in servers:
            one.stop()


def main(argv):
    parser = argparse.ArgumentParser(prog="tests.labs.presence", description=__doc__)
    parser.add_argument("--guests", type=int, default=10000)
    parser.add_argument("--pollers", type=int, default=1000)
    parser.add_argument("--daphnes", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--round", type=float, default=2, help="STREAMS_PRESENCE_SECONDS")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="presence-") as folder:
        name = os.path.join(folder, "db.sqlite3")
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": name}
        site = Site(database, folder, notifications="none", presence=args.round)
        site.run("migrate")
        for poll in (False, True):
            args.guests = args.pollers if poll else args.guests
            site.env["STREAMS_SITE_BEAT"] = "2" if poll else "15"
            for kind in PATHS:
                print(json.dumps(measure(site, kind, poll, args)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
