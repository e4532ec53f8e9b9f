"""Presence over two daphnes, with real sessions: who comes, leaves, is killed, and comes back."""

import json
import signal
import time
from http.client import HTTPConnection

from compat.streams import presence, publish, roll
from compat.streams.models import Server
from tests.compat.sockets.visitors import Visitor
from tests.support.websockets import close_code

INTERVAL = 0.2


class Member:
    """A client of the lobby."""

    def __init__(self, server, cookie=None, query="since=0&presence=1", path="lobby/hall"):
        self.socket = server.open(f"/{path}/?{query}", cookie)
        self.frames = []

    def frame(self):
        self.frames.append(json.loads(self.socket.recv()))
        return self.frames[-1]

    def hears(self, count, *names):
        """The frame that says so; what comes before is kept."""
        deadline = time.monotonic() + 30
        while True:
            assert time.monotonic() < deadline, self.frames  # beats may come all the while
            frame = self.frame()
            if frame.get("count") == count and frame["who"] == [{"name": name} for name in names]:
                return frame

    def close(self):
        self.socket.close()


def here(name="lobby:hall"):
    return presence(name)[:3]


def until_here(expected, seconds=10):
    deadline = time.monotonic() + seconds
    while here() != expected:
        assert time.monotonic() < deadline, here()
        time.sleep(0.05)


def test_two_daphnes_tell_who_is_here(serve, ann, settings):
    settings.STREAMS_PRESENCE_SECONDS = INTERVAL
    otto, eve = Visitor("otto"), Visitor("eve")
    options = {"STREAMS_PRESENCE_SECONDS": INTERVAL, "SOCKETS_RECHECK_SECONDS": 3600}
    with serve(**options) as one, serve(**options) as two:
        first = Member(one, ann.cookie)
        assert first.hears(1, "vera") == {
            "type": "presence", "stream": "lobby:hall", "count": 1, "who": [{"name": "vera"}],
        }  # fmt: skip
        other = Member(two, otto.cookie)
        other.hears(2, "vera", "otto")
        first.hears(2, "vera", "otto")
        # Her second tab is at the other daphne; an old client is counted, and told nothing.
        tab = Member(two, ann.cookie)
        old = Member(one, query="since=0&epoch=")
        # Shown is only who the site's hook shows.
        hidden = Member(two, eve.cookie)
        for member in (first, other, tab, hidden):
            member.hears(4, "vera", "otto")
        assert here() == (4, 3, 1) and presence()[:3] == (4, 3, 1)
        # One socket for many streams, and an event stream of who knows no beats: the same room.
        shared = Member(two, None, "presence=1", "streams")
        shared.socket.send(json.dumps({"type": "subscribe", "streams": {"lobby:hall": 0}}))
        for member in (shared, first):  # who leaves before the others were told is not told of
            member.hears(5, "vera", "otto")
        shared.socket.send(json.dumps({"type": "unsubscribe", "streams": ["lobby:hall"]}))
        first.hears(4, "vera", "otto")
        events = HTTPConnection(*two.address, timeout=20)
        events.request("GET", "/lobby/hall/?since=0&presence=1&transport=events")
        answer = events.getresponse()
        while b'"count":5' not in answer.readline():
            pass
        first.hears(5, "vera", "otto")
        answer.close()
        events.close()
        first.hears(4, "vera", "otto")
        # Entries are entries.
        publish("lobby:hall", "hello")
        while old.frame()["type"] != "entries":
            pass
        assert {frame["type"] for frame in old.frames} <= {"live", "entries", "beat"}
        # A logout takes somebody away.
        otto.client.logout()
        assert close_code(other.socket) == 4501
        first.hears(3, "vera")
        # One daphne is killed: nobody of it is left once its lease is over, or sooner.
        killed = time.monotonic()
        two.process.stop(signal.SIGKILL)
        first.hears(2, "vera")
        assert time.monotonic() - killed < roll.lease() + 3
        until_here((2, 1, 1))
        # She is back in another process before anybody could tell that she left.
        with serve(**options) as third:
            again = Member(third, ann.cookie)
            again.hears(2, "vera")
            assert here() == (2, 1, 1)
            late = Member(third)
            late.hears(3, "vera")
            first.hears(3, "vera")
        # A daphne that stops takes its guests along at once, and its people soon.
        first.hears(2, "vera")
        assert [f["count"] for f in first.frames if f.get("type") == "presence"].count(5) == 2
        first.close()
        old.close()
        until_here((0, 0, 0))
    deadline = time.monotonic() + 10
    while presence() != (0, 0, 0, []):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert Server.objects.count() <= 3
