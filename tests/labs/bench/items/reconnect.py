"""A thousand clients that come back at the same moment, each with a session and user of its own."""

from .. import clients
from ..comparison import Measure, under
from ..failure import Failed

NAME = "reconnect"
ABOUT = "1,000 sockets with sessions at once, directly and through nginx"
SOCKETS, LONGEST = 1000, 15
WAYS = (("direct", "at daphne itself"), ("nginx", "through nginx"))


def measures(options):
    found = []
    for way, text in WAYS:
        about = "A thousand reconnects at once, %s: " % text
        goals = under(0.5, "stock")
        found += [
            Measure(
                "reconnect.%s_cpu" % way, about + "server CPU of each that is in", "ms", 2, goals
            ),
            Measure(
                "reconnect.%s_all" % way,
                about + "until all are in, or %d s and more" % LONGEST,
                "s",
                2,
                (),
                wall=True,
            ),
            Measure("reconnect.%s_in" % way, about + "who is in then", "sockets", 0, (), wall=True),
            Measure(
                "reconnect.%s_refused" % way,
                about + "refused, and back a second later",
                "handshakes",
                0,
                (),
                wall=True,
            ),
        ]
    return found


def run(bench):
    for number, name in bench.turns(NAME, without=["streams"]):
        for way, _ in WAYS:
            bench.attempt(NAME, name, _all_at_once, bench, name, way)


def _all_at_once(bench, name, way):
    path = "/ws/user/reconnect/"
    with bench.system(name) as servers:
        servers.redis()
        daphne = servers.daphne()
        port = servers.daphne_ports[0]
        if way == "nginx":
            servers.nginx()
            port = servers.port
        with clients.visitors(servers.site, port, path, 20) as asking:
            clients.ask(asking)
        with clients.visitors(servers.site, port, path, SOCKETS, SOCKETS, again=LONGEST) as asking:
            before = servers.cpu_seconds(daphne)
            found = clients.ask(asking)
            spent = servers.cpu_seconds(daphne) - before
    if not found["opened"]:
        raise Failed("nobody was in after %d s" % LONGEST)
    bench.results.add("reconnect.%s_cpu" % way, name, spent / found["opened"] * 1e3)
    bench.results.add("reconnect.%s_all" % way, name, found["opening"])
    bench.results.add("reconnect.%s_in" % way, name, found["opened"])
    bench.results.add("reconnect.%s_refused" % way, name, found["refused"])
