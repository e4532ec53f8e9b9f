"""A view that does nothing: through uWSGI, where there is one, and through the socket server."""

from .. import clients
from ..comparison import Measure
from .http import CONNECTIONS, ask

NAME = "views"
ABOUT = "HTTP through uWSGI (ours, stock) and through daphne or uvicorn: CPU of a request"
REQUESTS, WARM = 1000, 500


def measures(options):
    about = "A view that does nothing, %d connections: " % CONNECTIONS
    return [
        Measure("views.uwsgi", about + "uWSGI's CPU a request", "µs", 0),
        Measure("views.daphne", about + "the socket server's CPU a request", "µs", 0),
    ]


def run(bench):
    for number, name in bench.turns(NAME, without=["streams"]):
        if name in ("ours", "stock"):
            bench.attempt(NAME, name, _through, bench, name, "uwsgi")
        bench.attempt(NAME, name, _through, bench, name, "daphne")


def _through(bench, name, way):
    with bench.system(name) as servers:
        if way == "uwsgi":
            server = servers.uwsgi()
            servers.nginx()
            port = servers.port
        else:
            servers.redis()
            server = servers.daphne()
            port = servers.daphne_ports[0]
        with clients.http_client(servers.site, port, CONNECTIONS) as asking:
            ask(asking, WARM)
            before = servers.cpu_seconds(server)
            ask(asking, REQUESTS)
            spent = servers.cpu_seconds(server) - before
    bench.results.add("views." + way, name, spent / REQUESTS * 1e6)
