"""A burst of separate calls, a line each, to a few readers: what arrives, and when."""

from .. import clients
from ..comparison import Goal, Measure

NAME = "calls"
ABOUT = "a burst of separate calls, a line each: lines received, seconds to the last"
LAST_SECONDS = 2.0


def measures(options):
    about = "A burst of {:,} calls to {} readers: ".format(options.lines, options.readers)
    every = tuple(Goal(of, None, options.lines, at_least=True) for of in ("ours", "streams"))
    soon = tuple(Goal(of, None, LAST_SECONDS) for of in ("ours", "streams"))
    return [
        Measure("calls.lines", about + "lines of the reader that got least", "lines", 0, every),
        Measure("calls.last", about + "to the last line", "s", 2, soon, wall=True),
        Measure("calls.cpu", about + "daphne's and Redis' CPU a delivery", "µs", 1),
        Measure("calls.publisher", about + "the publisher's CPU a call", "µs", 0),
    ]


def run(bench):
    for number, name in bench.turns(NAME):
        bench.attempt(NAME, name, _burst, bench, name, number)


def _burst(bench, name, number):
    options, stream = bench.options, name.startswith("streams")
    what = bench.stream("calls-%d" % number)
    start = clients.stream_readers if stream else clients.group_readers
    with bench.system(name) as servers:
        servers.redis()
        servers.daphne()
        port = servers.daphne_ports[0]
        # Nothing is awaited: so many may be on their way.
        more = {"ahead": options.lines, "stream": stream}
        more["acks"] = servers.site.folder + "/%s-%d.acks" % (name, number)
        with start(servers.site, port, what, options.readers) as reading:
            with clients.publisher(
                servers.site, "windowed", what, options.lines, **more
            ) as sending:
                before = servers.cpu_seconds()
                spent, got = clients.publish(reading, sending)
                cpu = servers.cpu_seconds() - before
    add = bench.results.add
    add("calls.lines", name, min(got["lines"]))
    add("calls.last", name, got["last"] - spent["start"])
    add("calls.cpu", name, cpu / sum(got["lines"]) * 1e6)
    add("calls.publisher", name, spent["cpu"] / options.lines * 1e6)
