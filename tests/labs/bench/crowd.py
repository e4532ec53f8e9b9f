"""
Many readers at once, with very many streams in the log: python -m tests.labs.bench.crowd --help.

READERS pages of the site, each with a session and the headers of a browser, follow FOLLOWED of the
STREAMS streams of the log through nginx, at one daphne and at several. Prints what a reader costs
to connect, what it keeps in the memory of daphne and of nginx, the CPU of an idle one, and the CPU
and the seconds of single lines that are published to these streams in turn. One machine runs it
all: the seconds are those of a machine that has the clients to run as well.
"""

import argparse
import json
import os
import sys
import tempfile
import time

from . import clients, kernel
from .items.memory import steady
from .processes import stop_all
from .servers import Servers
from .sites import Site
from .systems import PUBSUB, SIGN_IN, USERS

NAME, WARM = "crowd-%d", 20
FILL = """
from django.utils import timezone
from compat.streams.models import Entry, Stream
count = int(sys.argv[1])
rows = [Stream(name="crowd-%d" % n, last_seq=1, size=2, epoch="e") for n in range(count)]
Stream.objects.bulk_create(rows, batch_size=200)
keys, now = Stream.objects.values_list("pk", flat=True), timezone.now()
Entry.objects.bulk_create(
    [Entry(stream_id=key, seq=1, body="{}", created=now) for key in keys], batch_size=200
)
"""


class Crowd:
    """What is measured with so many daphnes."""

    def __init__(self, site, options, daphnes):
        self.site, self.options, self.daphnes = site, options, daphnes

    def readers(self, servers, count):
        options = {"spread": self.options.followed, "cookies": self.site.cookies}
        path = "page/" + NAME
        return clients.stream_readers(self.site, servers.port, path, count, **options)

    def run(self):
        """{what: figure}."""
        options = self.options
        with Servers(self.site) as servers:
            redis = servers.redis()
            daphnes = [servers.daphne() for _ in range(self.daphnes)]
            nginx = servers.nginx()
            every = {"daphne": daphnes, "nginx": [nginx], "redis": [redis]}

            def cpu():
                return {name: servers.cpu_seconds(*these) for name, these in every.items()}

            def memory():
                return {n: sum(steady(one.pid) for one in these) for n, these in every.items()}

            # The first ones load modules and open connections.
            with self.readers(servers, WARM * self.daphnes):
                empty = memory()
            before = cpu()
            with self.readers(servers, options.readers) as reading:
                connected = cpu()
                full = memory()
                start, begun = cpu(), time.monotonic()
                time.sleep(options.seconds)
                idle, passed = cpu(), time.monotonic() - begun
                more = {"interval": options.interval, "spread": options.followed}
                load = kernel.load()
                lines = clients.publisher(self.site, "paced", NAME, options.lines, **more)
                with lines as publishing:
                    quiet = cpu()
                    _, got = clients.publish(reading, publishing)
                    spent = cpu()
        heard, found = sum(got["lines"]), {"daphnes": self.daphnes, "load": round(load, 1)}
        wanted = options.lines * options.readers // options.followed
        found["deliveries"] = "%d of %d" % (heard, wanted)
        found["p50 ms"], found["p99 ms"] = (round(got[key] * 1e3, 1) for key in ("p50", "p99"))
        found["daphnes, empty, MiB"] = round(empty["daphne"] / 1024, 1)
        for name in every:
            found[name + ": connecting, ms"] = each(before, connected, name, options.readers, 1e3)
            waited = options.readers * passed
            found[name + ": idle, µs a second"] = each(start, idle, name, waited, 1e6)
            found[name + ": a delivery, µs"] = each(quiet, spent, name, heard, 1e6)
        for name in ("daphne", "nginx"):
            found[name + ": a reader, KiB"] = each(empty, full, name, options.readers, 1)
        return found


def each(before, after, name, count, unit):
    """What came to it between the two, for each of so many."""
    return round((after[name] - before[name]) / count * unit, 2)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m tests.labs.bench.crowd",
        description=__doc__.partition("\n\n")[2],
    )
    parser.add_argument("--readers", type=int, default=2000)
    parser.add_argument("--streams", type=int, default=100000)
    parser.add_argument("--followed", type=int, default=200)
    parser.add_argument("--daphnes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--interval", type=float, default=0.03, help="seconds between lines")
    parser.add_argument("--seconds", type=float, default=30, help="in which nothing happens")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        try:
            url = "sqlite:///%s/db.sqlite3" % folder
            site = Site("ours", folder, url).with_layer(PUBSUB)
            site.cookies = os.path.join(site.folder, "cookies.json")
            with open(site.cookies, "w") as file:
                file.write(site.python_code(SIGN_IN, str(USERS)))
            site.python_code(FILL, str(options.streams))
            for daphnes in options.daphnes:
                found = Crowd(site, options, daphnes).run()
                print(json.dumps(found, indent=1, ensure_ascii=False), flush=True)
        finally:
            stop_all()


if __name__ == "__main__":
    main(sys.argv[1:])
