"""Many lines at once to a few readers: how many arrive, and when the last one does."""

from .. import clients
from ..failure import Failed
from ..results import Row

NAME = "burst"
ABOUT = "lines received of a burst, seconds to the last, CPU for each delivery"
LAST_SECONDS = 2.0
HOWS = (("batches", "runner's batches"), ("single", "publish() a line"))


def rows(options):
    found = []
    for how, label in HOWS:
        label = "burst, %s: " % label
        found += [
            Row(
                "burst.%s.lines" % how,
                label + "lines a reader",
                "of {:,}".format(options.lines),
                0,
                "all",
                lambda stock, ours: ours == options.lines,
            ),
            Row(
                "burst.%s.last" % how,
                label + "to the last line",
                "s",
                2,
                # One publish() a line has no such goal: the publisher itself takes longer.
                "<= %g" % LAST_SECONDS if how == "batches" else "",
                (lambda stock, ours: ours <= LAST_SECONDS) if how == "batches" else None,
            ),
            Row("burst.%s.cpu" % how, label + "server CPU a delivery", "µs", 1),
            Row("burst.%s.publisher" % how, label + "publisher CPU a line", "µs", 0),
        ]
    return found


def run(bench):
    """Stock, ours in batches, ours line by line; and again."""
    for number in bench.rounds(NAME):
        bench.attempt(NAME, "stock", _burst, bench, "stock", number, "single")
        for how, _ in HOWS:
            bench.attempt(NAME, "ours", _burst, bench, "ours", number, how)


def _burst(bench, kind, number, how):
    options = bench.options
    name = bench.stream("burst-%s-%d" % (how, number))
    # A fresh daphne each time: a stock one may deliver nothing any more after a reader has left.
    with bench.servers(kind) as servers:
        servers.push(daphnes=1)
        with clients.readers(servers.site, servers.port, name, options.readers) as reading:
            with clients.publisher(servers.site, how, name, options.lines) as publishing:
                before = servers.cpu_seconds()
                spent, got = clients.publish(reading, publishing)
                cpu = servers.cpu_seconds() - before
    # Ours is judged by the reader that got least, stock by what they got on average.
    lines = min(got["lines"]) if kind == "ours" else sum(got["lines"]) / options.readers
    if kind == "ours" and not got["orderly"]:
        raise Failed("lines came twice or out of order")
    last = got["last"] - spent["start"]
    for row, _ in HOWS if kind == "stock" else ((how, ""),):
        key = "burst.%s." % row
        bench.results.add(key + "lines", kind, lines)
        bench.results.add(key + "last", kind, last)
        bench.results.add(key + "cpu", kind, cpu / sum(got["lines"]) * 1e6)
        bench.results.add(key + "publisher", kind, spent["cpu"] / options.lines * 1e6)
    bench.progress(
        "  %s, %s: %.0f of %d lines, the last after %.2f s"
        % (kind, how, lines, options.lines, last)
    )
