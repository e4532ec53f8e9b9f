"""One line at a time to many readers through nginx: how late it comes and what it costs."""

from .. import clients
from ..failure import Failed
from ..results import Row

NAME = "latency"
ABOUT = "p50 and p99 of a line to 50 readers through nginx, CPU for each delivery"
READERS, LINES, INTERVAL = 50, 200, 0.04


def rows(options):
    about = "a line to %d readers: " % READERS
    return [
        Row("latency.p50", about + "p50", "ms", 2, "<= stock", lambda stock, ours: ours <= stock),
        Row("latency.p99", about + "p99", "ms", 2, "<= stock", lambda stock, ours: ours <= stock),
        Row(
            "latency.cpu",
            about + "server CPU a delivery",
            "µs",
            1,
            "<= stock",
            lambda stock, ours: ours <= stock,
        ),
        Row("latency.publisher", about + "publisher CPU a line", "µs", 0),
    ]


def run(bench):
    """Both sites in turn, with the same number of lines at the same pace."""
    for number in bench.rounds(NAME):
        for kind in bench.kinds(number):
            bench.attempt(NAME, kind, _paced, bench, kind, number)


def _paced(bench, kind, number):
    name = bench.stream("paced-%d" % number)
    # Fresh daphnes each time: stock ones may deliver nothing any more after a reader has left.
    with bench.servers(kind) as servers:
        servers.push(daphnes=2)
        site, port = servers.site, servers.port
        with clients.readers(site, port, name, READERS, "latest", quiet=2.0) as reading:
            with clients.publisher(site, "paced", name, LINES, interval=INTERVAL) as publishing:
                before = servers.cpu_seconds()
                spent, got = clients.publish(reading, publishing)
                cpu = servers.cpu_seconds() - before
    deliveries = sum(got["lines"])
    if kind == "ours" and not (got["orderly"] and deliveries == READERS * LINES):
        raise Failed("%d of %d lines, or not in order" % (deliveries, READERS * LINES))
    add = bench.results.add
    add("latency.p50", kind, got["p50"] * 1e3)
    add("latency.p99", kind, got["p99"] * 1e3)
    add("latency.cpu", kind, cpu / deliveries * 1e6)
    add("latency.publisher", kind, spent["cpu"] / LINES * 1e6)
    bench.progress(
        "  %s: p50 %.1f ms, p99 %.1f ms, %.0f µs CPU a delivery"
        % (kind, got["p50"] * 1e3, got["p99"] * 1e3, cpu / deliveries * 1e6)
    )
