"""An echo: a consumer that answers what it is told."""

from .. import clients
from ..comparison import Measure, under

NAME = "roundtrip"
ABOUT = "server CPU of an echo, 20 sockets at a time"
SOCKETS, TIMES = 20, 250


def measures(options):
    goals = under(0.5, "daphne4") + under(1, "uvicorn")
    return [
        Measure("roundtrip.cpu", "An echo, %d sockets at a time" % SOCKETS, "CPU µs", 0, goals),
        Measure("roundtrip.p50", "An echo: p50", "ms", 1, (), wall=True),
    ]


def run(bench):
    for number, name in bench.turns(NAME, without=["streams"]):
        bench.attempt(NAME, name, _ask, bench, name)


def _ask(bench, name):
    with bench.system(name) as servers:
        servers.redis()
        daphne = servers.daphne()
        for times in (10, TIMES):  # what the first ones load is not what is measured
            options = {"sockets": SOCKETS, "times": times}
            with clients.echoer(servers.site, servers.daphne_ports[0], **options) as asking:
                before = servers.cpu_seconds(daphne)
                got = clients.ask(asking)
                spent = servers.cpu_seconds(daphne) - before
    bench.results.add("roundtrip.cpu", name, spent / (SOCKETS * TIMES) * 1e6)
    bench.results.add("roundtrip.p50", name, got["p50"] * 1e3)
