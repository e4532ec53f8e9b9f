"""What an idle socket costs a daphne in memory."""

import time

from .. import clients, kernel
from ..results import Row

NAME = "memory"
ABOUT = "resident KiB of daphne for each idle socket"
FIRST, SOCKETS = 20, 500
# Memory is read when it has not changed for so long.
STEADY_SECONDS, LONGEST_SECONDS = 1.0, 8.0


def rows(options):
    return [
        Row(
            "memory.socket",
            "an idle socket, %d of them" % SOCKETS,
            "KiB",
            1,
            "<= stock",
            lambda stock, ours: ours <= stock,
        ),
        Row("memory.empty", "daphne without those", "MiB", 1),
    ]


def run(bench):
    """A fresh daphne each time."""
    for number in bench.rounds(NAME):
        for kind in bench.kinds(number):
            bench.attempt(NAME, kind, _sockets, bench, kind, number)


def _sockets(bench, kind, number):
    name = bench.stream("idle-%d" % number)
    with bench.servers(kind) as servers:
        servers.redis()
        daphne = servers.daphne()
        site, port = servers.site, servers.daphne_ports[0]
        # The first ones load modules and open connections; that is not what a socket costs.
        with clients.readers(site, port, name, FIRST, "latest"):
            before = steady(daphne.pid)
            with clients.readers(site, port, name, SOCKETS, "latest"):
                after = steady(daphne.pid)
    bench.results.add("memory.empty", kind, before / 1024)
    bench.results.add("memory.socket", kind, (after - before) / SOCKETS)
    bench.progress("  %s: %.1f KiB a socket" % (kind, (after - before) / SOCKETS))


def steady(pid):
    """Resident KiB once it has stopped to change."""
    deadline = time.monotonic() + LONGEST_SECONDS
    value, since = kernel.rss_kib(pid), time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - since < STEADY_SECONDS:
        time.sleep(0.1)
        now = kernel.rss_kib(pid)
        if now != value:
            value, since = now, time.monotonic()
    return value
