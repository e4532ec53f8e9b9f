"""
Ordinary consumers of a group, directly at one daphne: the stock stack with channels-redis' layer,
and ours with the pub/sub layer. A line of progress tells of ours with channels-redis' layer, too.
"""

from .. import clients
from ..results import Row

NAME = "layer"
ABOUT = "ordinary consumers: lines of a burst, CPU for each delivery, with the pub/sub layer"
PUBSUB = "compat.channel_layer.pubsub.RedisPubSubChannelLayer"
# Readers, lines, seconds from one to the next: what stock keeps up with.
BROADCASTS = ((100, 100, 0.05), (500, 40, 0.3))
CONFIGURATIONS = (("stock", None), ("ours", PUBSUB), ("ours", None))


def rows(options):
    found = [
        Row(
            "layer.lines",
            "group, a burst: lines a reader",
            "of {:,}".format(options.lines),
            0,
            "all",
            lambda stock, ours: ours == options.lines,
        ),
        Row("layer.last", "group, a burst: to the last line", "s", 2),
        Row("layer.burst_cpu", "group, a burst: server CPU a delivery", "µs", 1),
        Row("layer.publisher", "group, a burst: publisher CPU a line", "µs", 0),
    ]
    for count, _, _ in BROADCASTS:
        about = "group, a line to %d readers: " % count
        found += [
            Row("layer.cpu%d" % count, about + "CPU for 10,000 deliveries", "s", 2),
            Row("layer.p50_%d" % count, about + "p50", "ms", 1),
            Row("layer.p99_%d" % count, about + "p99", "ms", 1),
        ]
    return found


def run(bench):
    """Each configuration in turn, every round in another order."""
    for number in bench.rounds(NAME):
        turn = number % len(CONFIGURATIONS)
        for kind, layer in CONFIGURATIONS[turn:] + CONFIGURATIONS[:turn]:
            bench.attempt(NAME, kind, _burst, bench, kind, layer, number)
            for count, lines, interval in BROADCASTS:
                bench.attempt(
                    NAME, kind, _paced, bench, kind, layer, number, count, lines, interval
                )


def _send(bench, kind, layer, name, readers, lines, interval):
    """(publisher's figures, readers' figures, CPU of daphne and Redis)."""
    with bench.servers(kind, layer) as servers:
        servers.redis()
        servers.daphne()
        port = servers.daphne_ports[0]
        with clients.group_readers(servers.site, port, name, readers) as reading:
            publisher = clients.publisher(servers.site, "group", name, lines, interval=interval)
            with publisher as publishing:
                before = servers.cpu_seconds()
                spent, got = clients.publish(reading, publishing)
                return spent, got, servers.cpu_seconds() - before


def _burst(bench, kind, layer, number):
    lines, readers = bench.options.lines, bench.options.readers
    name = bench.stream("group-%d" % number)
    spent, got, cpu = _send(bench, kind, layer, name, readers, lines, 0.0)
    received = sum(got["lines"]) / readers
    last = got["last"] - spent["start"]
    _tell(bench, kind, layer, "%.0f of %d lines, the last after %.2f s" % (received, lines, last))
    if kind == "ours" and layer is None:
        return
    add = bench.results.add
    add("layer.lines", kind, received)
    add("layer.last", kind, last)
    add("layer.burst_cpu", kind, cpu / sum(got["lines"]) * 1e6)
    add("layer.publisher", kind, spent["cpu"] / lines * 1e6)


def _paced(bench, kind, layer, number, count, lines, interval):
    name = bench.stream("group-%d-%d" % (count, number))
    spent, got, cpu = _send(bench, kind, layer, name, count, lines, interval)
    each = cpu / sum(got["lines"]) * 10000
    _tell(bench, kind, layer, "%d readers, %.2f s CPU for 10,000 deliveries" % (count, each))
    if kind == "ours" and layer is None:
        return
    add = bench.results.add
    add("layer.cpu%d" % count, kind, each)
    add("layer.p50_%d" % count, kind, got["p50"] * 1e3)
    add("layer.p99_%d" % count, kind, got["p99"] * 1e3)


def _tell(bench, kind, layer, text):
    bench.progress("  %s%s: %s" % (kind, " with the pub/sub layer" if layer else "", text))
