"""Single lines to many readers, 16 of them on their way: CPU for each delivery, and how late."""

import os

from .. import clients
from ..comparison import Measure, under

NAME = "broadcast"
ABOUT = "single lines to 100 and 500 readers, 16 in flight: CPU for 10,000 deliveries"
SIZES = ((100, 100), (500, 40))  # readers, lines
MANY = (2000, 20)
AHEAD = 16


def sizes(options):
    return SIZES + ((MANY,) if getattr(options, "many", False) else ())


def measures(options):
    found = []
    for readers, _ in sizes(options):
        about = "A line to %s readers, %d on their way: " % (format(readers, ","), AHEAD)
        goals = under(0.1, "daphne4") + under(0.2, "uvicorn") + under(0.04, "daphne4", of="streams")
        late = under(0.2, "daphne4", "uvicorn") if readers == 500 else ()
        found += [
            Measure(
                "broadcast.%d_cpu" % readers,
                about + "daphne's and Redis' CPU for 10,000 deliveries",
                "s",
                2,
                goals,
            ),
            Measure("broadcast.%d_p50" % readers, about + "p50", "ms", 0, (), wall=True),
            Measure("broadcast.%d_p99" % readers, about + "p99", "ms", 0, late, wall=True),
        ]
    return found


def run(bench):
    for number, name in bench.turns(NAME):
        for readers, lines in sizes(bench.options):
            bench.attempt(NAME, name, _send, bench, name, number, readers, lines)


def _send(bench, name, number, readers, lines):
    stream = name.startswith("streams")
    what = bench.stream("broadcast-%d-%d" % (readers, number))
    start = clients.stream_readers if stream else clients.group_readers
    with bench.system(name) as servers:
        servers.redis()
        servers.daphne()
        acks = os.path.join(servers.site.folder, "%s-%d-%d.acks" % (name, readers, number))
        more = {"acks": acks, "ahead": AHEAD, "stream": stream}
        port = servers.daphne_ports[0]
        with clients.publisher(servers.site, "windowed", what, lines, **more) as publishing:
            with start(servers.site, port, what, readers, acks=acks) as reading:
                before = servers.cpu_seconds()
                spent, got = clients.publish(reading, publishing)
                cpu = servers.cpu_seconds() - before
        os.unlink(acks)
    deliveries, add = sum(got["lines"]), bench.results.add
    add("broadcast.%d_cpu" % readers, name, cpu / deliveries * 10000)
    add("broadcast.%d_p50" % readers, name, got["p50"] * 1e3)
    add("broadcast.%d_p99" % readers, name, got["p99"] * 1e3)
    if deliveries < readers * lines:
        bench.progress("  %s: %d of %d deliveries" % (name, deliveries, readers * lines))
