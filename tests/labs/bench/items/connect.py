"""What a socket that connects costs its server: alone, with a group, with a session and user."""

from .. import clients
from ..comparison import Measure, under
from ..systems import THEIRS

NAME = "connect"
ABOUT = "server CPU of a socket that connects: bare, with a group, signed in"
SOCKETS, WARM = 500, 50
PATHS = (
    ("bare", "/ws/echo/", "a consumer that only accepts"),
    ("group", "/ws/group/connect/", "it joins a group"),
    ("user", "/ws/user/connect/", "from the site's pages, with session and user, joins a group"),
)


def measures(options):
    goals = under(1, *THEIRS) + under(0.5, "stock")
    return [
        Measure("connect." + key, "Connecting: " + text, "CPU ms", 2, goals)
        for key, _, text in PATHS
    ]


def run(bench):
    for number, name in bench.turns(NAME, without=["streams"]):
        bench.attempt(NAME, name, _connect, bench, name)


def _connect(bench, name):
    with bench.system(name) as servers:
        servers.redis()
        daphne = servers.daphne()
        port = servers.daphne_ports[0]
        for key, path, _ in PATHS:
            with clients.visitors(servers.site, port, path, WARM) as asking:
                clients.ask(asking)
            with clients.visitors(servers.site, port, path, SOCKETS) as asking:
                before = servers.cpu_seconds(daphne)
                clients.ask(asking)
                spent = servers.cpu_seconds(daphne) - before
            bench.results.add("connect." + key, name, spent / SOCKETS * 1e3)
