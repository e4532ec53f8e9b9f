"""What a publisher without an event loop pays for a line: in a call of its own, and in batches."""

import json

from .. import clients
from ..comparison import Measure, under

NAME = "sending"
ABOUT = "publisher's CPU of a line: one a call, and 64 a call"
LINES = 1000  # or as few as a burst shall have


def measures(options):
    # What is appended to a log first costs a transaction as well.
    goals = under(0.1, "stock", "daphne4") + under(1 / 3, "stock", "daphne4", of="streams")
    about = "Publishing to 10 readers: "
    return [
        Measure("sending.one", about + "a line a call", "CPU µs", 0, goals),
        Measure("sending.batch", about + "a line, 64 in a call", "CPU µs", 0),
    ]


def run(bench):
    for number, name in bench.turns(NAME):
        bench.attempt(NAME, name, _send, bench, name, number)


def _send(bench, name, number):
    stream = name.startswith("streams")
    start = clients.stream_readers if stream else clients.group_readers
    with bench.system(name) as servers:
        servers.redis()
        servers.daphne()
        site, what = servers.site, bench.stream("sending-%d" % number)
        lines = min(LINES, bench.options.lines)
        with start(site, servers.daphne_ports[0], what, 10):
            for key, how in (("one", "windowed"), ("batch", "together")):
                acks = site.folder + "/%s-%s-%d.acks" % (name, key, number)
                more = {"ahead": lines, "stream": stream, "acks": acks}
                with clients.publisher(site, how, what, lines, **more) as publishing:
                    publishing.say("go")
                    spent = json.loads(publishing.hear(clients.PUBLISH_SECONDS))
                bench.results.add("sending." + key, name, spent["cpu"] / lines * 1e6)
