"""
`python -m tests.labs.soak`: 10,000 WebSocket connects and 20,000 HTTP requests, many of them broken
off, against one daphne. Prints what the process holds before and after; ends with 1 when that grew.
"""

import argparse
import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections import Counter
from urllib.request import urlopen

from tests.support.daphne import daphne
from tests.support.redis import Redis

from . import clients

HERE = os.path.dirname(os.path.abspath(__file__))
# How much more there may be at the end than after the warm-up: what thousands of clients leave is
# more, what a moment with a few more clients at a time leaves is not.
BOUNDS = {
    "RSS (MB)": 24,
    "threads": 2,
    "file descriptors": 40,
    "connections": 0,
    "tasks": 40,
    "Redis connections": 40,  # kept for the next client: as many as were in use at once
}
SETTLED = 60  # seconds for the last clients' requests to end


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.labs.soak", description=__doc__)
    parser.add_argument("--sockets", type=int, default=10000, help="default 10000")
    parser.add_argument("--requests", type=int, default=20000, help="default 20000")
    parser.add_argument("--at-a-time", type=int, default=40, help="clients at a time (default 40)")
    parser.add_argument("--disable", default="", help="COMPAT_DISABLE of daphne, to see it grow")
    options = parser.parse_args(arguments)
    folder = tempfile.mkdtemp(prefix="soak-")
    try:
        return soak(options, folder)
    except (AssertionError, OSError) as error:  # a server did not start, or daphne is stuck
        print("soak: %s" % error)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def soak(options, folder):
    redis = Redis(folder)
    environ = {
        "SOAK_REDIS": redis.url,
        "COMPAT_DISABLE": options.disable,
    }
    shutil.copy(os.path.join(HERE, "site_of_soak.py"), folder)
    started = time.monotonic()
    try:
        with daphne(folder, "site_of_soak:application", **environ) as address:
            # As many at a time as later: connections to Redis are kept for the next client.
            warm = [
                max(count // 20, 5 * options.at_a_time)
                for count in (options.sockets, options.requests)
            ]
            flood(address, *(warm + [options.at_a_time]))
            before = settle(address, redis)
            errors = flood(address, options.sockets, options.requests, options.at_a_time)
            after = settle(address, redis)
    finally:
        redis.stop()
    say("")
    grown = table(before, after)
    for error, count in Counter(errors).most_common(10):
        print("%d x %s" % (count, error))
    print(
        "%d WebSocket connects, %d HTTP requests, %d not answered as they must be, in %d s"
        % (options.sockets, options.requests, len(errors), time.monotonic() - started)
    )
    print("Python " + sys.version.split()[0] + (", grew: " + ", ".join(grown) if grown else ""))
    return 1 if grown or errors else 0


def flood(address, sockets, requests, at_a_time):
    """Run the clients; returns their errors."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    errors = []
    try:
        for name, kinds, count in (
            ("WebSocket", clients.WEBSOCKET, sockets),
            ("HTTP", clients.HTTP, requests),
        ):
            progress = Progress(name)
            errors += loop.run_until_complete(
                clients.run(address, kinds, count, at_a_time, progress)
            )
    finally:
        loop.close()
    return errors


class Progress(object):
    """A line on standard error every few seconds."""

    def __init__(self, name):
        self.name, self.said = name, time.monotonic()

    def __call__(self, done, count):
        if time.monotonic() - self.said > 10:
            self.said = time.monotonic()
            say("%s: %d of %d" % (self.name, done, count))


def settle(address, redis):
    """What daphne holds once nothing changes any more."""
    deadline = time.monotonic() + SETTLED
    last = None
    while True:
        with urlopen("http://%s:%d/inside/" % address, timeout=SETTLED) as answer:
            held = json.loads(answer.read().decode())
        held["Redis connections"] = redis_connections(redis.port)
        counts = {name: value for name, value in held.items() if name != "RSS (MB)"}
        if counts == last and not held["connections"] or time.monotonic() > deadline:
            return held
        last = counts
        time.sleep(1)  # what is left ends by itself, and tells nobody


def redis_connections(port):
    """Clients of the Redis server, the one that asks left out."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"CLIENT LIST\r\n")
        data = client.recv(65536)
        size = int(data[1 : data.index(b"\r\n")])
        while len(data) < size:
            data += client.recv(65536)
    return data.count(b"addr=") - data.count(b"laddr=") - 1


def table(before, after):
    """Print the figures; returns the names of those that grew beyond their bound."""
    print("%-18s %9s %9s %9s  %s" % ("", "before", "after", "growth", "bound"))
    grown = []
    for name, bound in BOUNDS.items():
        growth = after[name] - before[name]
        print("%-18s %9g %9g %+9g  %d" % (name, before[name], after[name], growth, bound))
        if growth > bound:
            grown.append(name)
    return grown


def say(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
