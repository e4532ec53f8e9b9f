"""
Where the time of one delivery goes: python -m tests.labs.bench.delivery [SECONDS [READERS]].

One publisher sends single lines to a group of READERS (100) ordinary readers, with 16 lines on
their way and with one, until each daphne has used about SECONDS (5) of CPU: the pinned stack, and
ours with the pub/sub layer. The share of the kernel is the system's own figure; user time is
divided among the functions that were seen to run (sampler.py). Prints a table in µs for each
delivery.
"""

import collections
import copy
import json
import os
import signal
import sys
import tempfile

from . import clients, kernel
from .processes import stop_all
from .servers import Servers
from .sites import make_sites
from .systems import PUBSUB

AHEAD, TRIAL = (16, 1), 60
# What a file's name has in it → whose time it is; the first that fits.
PLACES = (
    (
        "the layer: reading from Redis, decoding",
        ("/channel_layer/", "/channels_redis/", "/aioredis/", "/msgpack/", "/hiredis/"),
    ),
    ("the consumer: the site's, channels' generic one", ("/bench/site/", "/generic/", "/json/")),
    ("dispatch: channels, asgiref", ("/channels/", "/asgiref/")),
    ("daphne", ("/daphne/",)),
    ("autobahn", ("/autobahn/", "/txaio/")),
    ("Twisted", ("/twisted/", "/zope/")),
    ("asyncio: tasks, futures, turns of the loop", ("/asyncio/", "/selectors.py")),
)
KERNEL, REST, REDIS = "the kernel: sending, waiting", "other", "Redis, beside it"


def place(stack):
    """Whose time it is: of the innermost function that is not of Python's library in general."""
    for file, _ in stack:
        for name, parts in PLACES:
            if any(part in file.replace(os.sep, "/") for part in parts):
                return name
    return REST


def shares(samples):
    """{place: share of the user time}; all of it is "other" where nothing was seen."""
    found = collections.Counter()
    for stack, times in samples or [((), 1)]:
        found[place(stack)] += times
    return {name: times / sum(found.values()) for name, times in found.items()}


class Run:
    """A site's daphne, new each time, with its readers."""

    def __init__(self, site, readers):
        self.site, self.readers = copy.copy(site), readers
        self.samples = os.path.join(site.folder, "samples.json")
        self.site.server = "sampled"
        self.site.env = dict(site.env, BENCH_SAMPLES=self.samples)

    def lines(self, total, ahead):
        """({place: µs of a delivery}, CPU seconds of the daphne) for so many lines."""
        acks, group = os.path.join(self.site.folder, "acks"), "delivery"
        with Servers(self.site) as servers:
            redis, daphne = servers.redis(), servers.daphne()
            port = servers.daphne_ports[0]
            more = {"acks": acks, "ahead": ahead}
            with clients.publisher(self.site, "windowed", group, total, **more) as publishing:
                with clients.group_readers(
                    self.site, port, group, self.readers, acks=acks
                ) as reading:
                    os.kill(daphne.pid, signal.SIGUSR1)
                    before = self._spent(daphne, redis)
                    _, got = clients.publish(reading, publishing)
                    spent, beside, user, system = [
                        now - was for now, was in zip(self._spent(daphne, redis), before)
                    ]
                    os.kill(daphne.pid, signal.SIGUSR2)
                    daphne.wait_until(lambda: os.path.exists(self.samples))
        os.unlink(acks)
        with open(self.samples) as file:
            samples = json.load(file)
        os.unlink(self.samples)
        each = 1e6 / sum(got["lines"])
        user *= spent / (user + system or 1)  # of all that was spent: ticks are rough
        found = {name: share * user * each for name, share in shares(samples).items()}
        found[KERNEL] = (spent - user) * each
        found[REDIS] = beside * each
        return found, spent

    @staticmethod
    def _spent(daphne, redis):
        """CPU seconds of both; daphne's user and system time, in ticks."""
        both = [kernel.group_cpu_seconds([one.pid]) for one in (daphne, redis)]
        return both + list(kernel.modes(daphne.pid))


def table(columns):
    """The lines of the table of {heading: {place: µs}}; the sum is daphne's."""
    found = list(columns.values())
    names = [name for name, _ in PLACES] + [REST, KERNEL]
    rows = [(name, [one.get(name, 0) for one in found]) for name in names]
    sums = [sum(values) for values in zip(*[values for _, values in rows])]
    rows += [("**daphne, all of it**", sums), (REDIS, [one.get(REDIS, 0) for one in found])]
    lines = [
        "| µs of CPU for a delivery | %s |" % " | ".join(columns),
        "|---" * len(found) + "|---|",
    ]
    return lines + [
        "| %s | %s |" % (name, " | ".join("%.1f" % value for value in values))
        for name, values in rows
    ]


def main(seconds="5", readers="100"):
    columns = collections.OrderedDict()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        try:
            url = "sqlite:///%s/db.sqlite3" % folder
            sites = make_sites(folder, url, lambda one: Run(one, 1).lines(1, 1), print)
            runs = [("stock", sites["stock"]), ("ours", sites["ours"].with_layer(PUBSUB))]
            for ahead in AHEAD:
                for kind, site in runs:
                    run = Run(site, int(readers))
                    load = kernel.load()
                    title = "%s, %d on %s way" % (kind, ahead, "their" if ahead > 1 else "its")
                    columns[title], spent = run.lines(TRIAL, ahead)
                    total = max(TRIAL, int(TRIAL * float(seconds) / spent))
                    if total > TRIAL:
                        load = kernel.load()
                        columns[title], spent = run.lines(total, ahead)
                    text = "%s: %d lines to %s readers, %.1f s of CPU, load average %.1f"
                    print(text % (title, total, readers, spent, load), file=sys.stderr)
            print("\n".join(table(columns)))
        finally:
            stop_all()


if __name__ == "__main__":
    main(*sys.argv[1:])
