"""The processes that read, publish and ask, as the driver sees them."""

import json
import os
import sys

from . import kernel
from .failure import Failed
from .processes import Process
from .servers import HOST

START_SECONDS = 60
PUBLISH_SECONDS = 180


def _module(site, name, *arguments):
    # Who publishes is the site; the others are the same clients for all.
    python = site.python if name == "publisher" else sys.executable
    command = [python, "-m", "tests.labs.bench." + name] + list(arguments)
    log, what = os.path.join(site.folder, name + ".log"), "the %s (%s)" % (name, site.kind)
    return Process(what, command, site.env, log, talks=True, core=kernel.CLIENTS)


def readers(site, port, name, count, since="0", **options):
    """Readers that are connected and up to date; ends with its `with` block."""
    ours = site.kind == "ours"
    path = "/ws/%s/%s" % (name, "?since=" + since if ours else "")
    options.update(host=HOST, port=port, path=path, sockets=count)
    options["mark"] = '"type":"live"' if ours else ""
    process = _module(site, "reader", json.dumps(options))
    return _ready(process)


def group_readers(site, port, name, count, **options):
    """Readers of a plain group, with an ordinary consumer; ends with its `with` block."""
    options.update(host=HOST, port=port, path="/ws/group/%s/" % name, sockets=count)
    return _ready(_module(site, "reader", json.dumps(options)))


def stream_readers(site, port, name, count, **options):
    """Readers that follow a stream of ours from its end."""
    options.update(host=HOST, port=port, path="/ws/%s/?since=latest" % name, sockets=count)
    options["mark"] = '"type":"live"'
    return _ready(_module(site, "reader", json.dumps(options)))


def publisher(site, how, name, lines, **options):
    """A publisher that waits for the word; ends with its `with` block."""
    options.update(name=name, lines=lines)
    return _ready(_module(site, "publisher", how, json.dumps(options)))


def http_client(site, port, connections):
    """Keep-alive clients; ends with its `with` block."""
    return _ready(_module(site, "http_client", HOST, str(port), str(connections)))


def echoer(site, port, path="/ws/echo/", **options):
    """Sockets that ask, or come and go; ends with its `with` block."""
    options.update(host=HOST, port=port, path=path)
    return _ready(_module(site, "echoer", json.dumps(options)))


def ask(asking):
    """Let them; returns what they tell."""
    asking.say("go")
    return json.loads(asking.hear(PUBLISH_SECONDS))


def visitors(site, port, path, count, at_once=25, again=0):
    """Sockets that connect when they are asked to, each with a session and user of its own."""
    options = {"sockets": count, "at_once": at_once, "later": True, "cookies": site.cookies}
    options["again"] = again
    return echoer(site, port, path, **options)


def _ready(process):
    try:
        word = process.hear(START_SECONDS)
        if word != "ready":
            raise Failed(process.excuse("said %r" % word))
    except BaseException:
        process.stop()
        raise
    return process


def publish(reading, publishing):
    """Let it publish; returns (what the publisher told, what the readers told at the end)."""
    publishing.say("go")
    spent = json.loads(publishing.hear(PUBLISH_SECONDS))
    reading.say("done")
    got = json.loads(reading.hear(PUBLISH_SECONDS))
    if got["ended"]:
        raise Failed("readers lost their connection: %s" % got["ended"][0])
    if got["last"] is None:
        raise Failed("readers received nothing")
    return spent, got
