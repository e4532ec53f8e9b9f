"""A Redis that hangs: readers come, and hear by polling, as if it were away."""

import json
import signal
import subprocess
import time

import websocket

from tests.support import CHECKOUT
from tests.support.servers import HOST
from tests.support.wait import wait_until

POLL = 0.5
SECONDS = 13  # longer than any call waits for an answer


class Reader:
    """A client of the site, and the frames that it got."""

    def __init__(self, server, stream):
        began = time.monotonic()
        url = f"ws://{HOST}:{server.port}/ws/{stream}/?since=0"
        self.socket = websocket.create_connection(url, timeout=30)
        self.handshake = time.monotonic() - began
        while self.frame()["type"] != "live":
            pass
        self.live = time.monotonic() - began

    def frame(self):
        return json.loads(self.socket.recv())


def test_readers_come_and_hear_while_redis_hangs(make_site, sqlite_settings, redis, layer, stream):
    site = make_site(sqlite_settings, layer, poll=POLL)
    server = site.daphne()
    # It has no layer: nobody is notified by it.
    writer = subprocess.Popen(
        make_site(sqlite_settings, "").command("steps"),
        env=dict(site.env, STREAMS_SITE_LAYER=""),
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        universal_newlines=True,
    )
    reader = Reader(server, stream)
    redis.process.send_signal(signal.SIGSTOP)
    try:
        lags, others = [], []
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            # Of a stream that nobody follows yet: its group has to be joined.
            others.append(Reader(server, f"{stream}-{len(others)}"))
            print(json.dumps(["publish", stream, len(lags)]), file=writer.stdin, flush=True)
            assert writer.stdout.readline() == "done\n"
            began = time.monotonic()
            assert reader.frame()["bodies"] == [len(lags)]
            lags.append(time.monotonic() - began)
    finally:
        redis.process.send_signal(signal.SIGCONT)
        writer.communicate()
    # The machine may be busy now and then, but not each time.
    assert sorted(one.handshake for one in others)[len(others) // 2] < 1
    assert max(one.live for one in others) < 4
    assert max(lags) < 4 and sorted(lags)[len(lags) // 2] < POLL + 1
    groups = len(others) + 1
    wait_until(lambda: len(redis.say("KEYS", "*group:streams.*")) == groups, what="all joined")
    # And it is told again.
    site.run("publish_once", stream, "at last")
    assert reader.frame()["bodies"] == ["at last"]
