"""What an idle reader costs its server in memory: in a group, or with a stream."""

from .. import clients
from ..comparison import Goal, Measure
from .memory import FIRST, SOCKETS, steady

NAME = "idle"
ABOUT = "resident KiB of a server for each idle reader"


def measures(options):
    goals = (Goal("ours", None, 28), Goal("streams", None, 28))
    return [Measure("idle.socket", "An idle socket, %d of them" % SOCKETS, "KiB", 1, goals)]


def run(bench):
    for number, name in bench.turns(NAME):
        bench.attempt(NAME, name, _sockets, bench, name)


def _sockets(bench, name):
    readers = clients.stream_readers if name.startswith("streams") else clients.group_readers
    with bench.system(name) as servers:
        servers.redis()
        daphne = servers.daphne()
        site, port, what = servers.site, servers.daphne_ports[0], bench.stream("idle")
        # The first ones load modules and open connections; that is not what a socket costs.
        with readers(site, port, what, FIRST):
            before = steady(daphne.pid)
            with readers(site, port, what, SOCKETS):
                after = steady(daphne.pid)
    bench.results.add("idle.socket", name, (after - before) / SOCKETS)
