"""HTTP through nginx and uWSGI: what compat costs a site's ordinary requests."""

import contextlib

from .. import clients
from ..failure import Failed
from ..results import Row
from ..sites import KINDS

NAME = "http"
ABOUT = "requests/s through uWSGI and CPU for each, with compat and without"
CONNECTIONS, REQUESTS, WARM, TURNS = 4, 250, 1000, 48
TOLERANCE = 0.02


def rows(options):
    return [
        Row(
            "http.rate",
            "HTTP through uWSGI, without and with compat",
            "requests/s",
            0,
            "within 2%",
            met_ratio=lambda ratio: ratio >= 1 - TOLERANCE,
        ),
        Row(
            "http.cpu",
            "HTTP, uWSGI's CPU a request",
            "µs",
            1,
            "within 2%",
            met_ratio=lambda ratio: ratio <= 1 + TOLERANCE,
        ),
    ]


def run(bench):
    """Short turns, either site first every other time: a busy machine disturbs both alike."""
    for number in bench.rounds(NAME):
        # Fresh processes each time: two of the same code differ by a percent, too.
        with contextlib.ExitStack() as stack:
            servers, asking = {}, {}
            for kind in KINDS:
                servers[kind] = stack.enter_context(bench.servers(kind))
                servers[kind].uwsgi()
                servers[kind].nginx()
                client = clients.http_client(servers[kind].site, servers[kind].port, CONNECTIONS)
                asking[kind] = stack.enter_context(client)
                ask(asking[kind], WARM)
            for turn in range(TURNS):
                for kind in bench.kinds(turn):
                    bench.attempt(NAME, kind, _turn, bench, servers[kind], asking[kind])
        for kind in KINDS:
            rate = bench.results.median("http.rate", kind)
            cpu = bench.results.median("http.cpu", kind)
            if rate:
                bench.progress("  %s: %.0f requests/s, %.1f µs CPU each" % (kind, rate, cpu))


def ask(client, requests):
    client.say(str(requests))
    try:
        return float(client.hear(90))
    except ValueError:
        raise Failed(client.excuse("gave no time"))


def _turn(bench, servers, client):
    uwsgi = servers.running[0]
    before = servers.cpu_seconds(uwsgi)
    seconds = ask(client, REQUESTS)
    cpu = servers.cpu_seconds(uwsgi) - before
    bench.results.add("http.rate", servers.site.kind, REQUESTS / seconds)
    bench.results.add("http.cpu", servers.site.kind, cpu / REQUESTS * 1e6)
