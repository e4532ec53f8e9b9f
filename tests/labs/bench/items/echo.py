"""A consumer that answers what it is told, and sockets that come and go, directly at one daphne."""

from .. import clients
from ..results import Row
from .layer import PUBSUB

NAME = "echo"
ABOUT = "server CPU of an echo, with 20 sockets, and of a handshake, with 1,000 of them"
SOCKETS, TIMES = 20, 250
ROUNDS, AT_A_TIME = 10, 100


def rows(options):
    return [
        Row(
            "echo.cpu",
            "an echo: server CPU",
            "µs",
            0,
            "<= stock",
            lambda stock, ours: ours <= stock,
        ),
        Row("echo.p50", "an echo: p50, %d sockets at a time" % SOCKETS, "ms", 1),
        Row("echo.connect", "a socket that comes and goes: server CPU", "µs", 0),
    ]


def run(bench):
    """Both sites in turn."""
    for number in bench.rounds(NAME):
        for kind in bench.kinds(number):
            bench.attempt(NAME, kind, _ask, bench, kind)


def _ask(bench, kind):
    with bench.servers(kind, PUBSUB if kind == "ours" else None) as servers:
        servers.redis()
        daphne = servers.daphne()
        port = servers.daphne_ports[0]
        spent = {}
        for what, options in (
            ("first", {"sockets": SOCKETS, "times": 10}),
            ("echo", {"sockets": SOCKETS, "times": TIMES}),
            ("connect", {"sockets": AT_A_TIME, "rounds": ROUNDS}),
        ):
            with clients.echoer(servers.site, port, **options) as asking:
                before = servers.cpu_seconds(daphne)
                got = clients.ask(asking)
                spent[what] = servers.cpu_seconds(daphne) - before
                if what == "echo":
                    p50 = got["p50"]
    echo = spent["echo"] / (SOCKETS * TIMES) * 1e6
    connect = spent["connect"] / (AT_A_TIME * ROUNDS) * 1e6
    bench.results.add("echo.cpu", kind, echo)
    bench.results.add("echo.p50", kind, p50 * 1e3)
    bench.results.add("echo.connect", kind, connect)
    bench.progress("  %s: an echo %.0f µs, a handshake %.0f µs" % (kind, echo, connect))
