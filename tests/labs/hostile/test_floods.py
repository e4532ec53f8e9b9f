"""What eight clients send without end holds nobody else up for half a second."""

import contextlib
import threading
import time

import pytest

from tests.support import delays

from .cases.handshakes import handshake, to
from .wire import frame, request

SOCKETS = 8
LONGEST = 0.5  # seconds that others may wait for an answer
TRIPS = 15  # how often somebody else is answered meanwhile
FRAMES = {
    "pings": (b"", frame(b"", 9) * 5000),
    "full pings": (b"", frame(b"x" * 125, 9) * 500),
    "pongs": (b"", frame(b"", 10) * 5000),
    "fragments": (frame(b"", fin=False), frame(b"", 0, False) * 5000),
}
PACED = 0.06  # seconds; the site takes 20 messages a second from a client


class Flood(object):
    """Clients that do the same again and again, until this is left; `ends` has what they got."""

    def __init__(self, act):
        self.act = act
        self.ends = set()
        self.over = False
        self.threads = [threading.Thread(target=self.go_on) for _ in range(SOCKETS)]

    def go_on(self):
        while not self.over:
            with contextlib.suppress(OSError, EOFError):
                self.ends.add(self.act(self))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self.over = True
        for thread in self.threads:
            thread.join()


def harms_nobody(site, act):
    """What the clients got; fails if somebody else waits too long, each of three times."""
    ends, worst = set(), []
    while not worst or (worst[-1] >= LONGEST and len(worst) < 3):
        with site.open() as neighbour, Flood(act) as flood:
            worst.append(max(round_trip(site, neighbour) for _ in range(TRIPS)))
        ends |= flood.ends
    assert worst[-1] < LONGEST, worst
    return ends


def round_trip(site, neighbour):
    """Seconds until an answer, without those that nobody on its way had a processor."""
    time.sleep(PACED)
    began, before = time.monotonic(), waited(site)
    neighbour.send(frame(b'{"message": "alive"}'))
    assert neighbour.text() == '{"message": "alive"}'
    return time.monotonic() - began - (waited(site) - before)


def waited(site):
    """Seconds that this thread, and who passes messages on, have waited for a processor."""
    return delays.of_this_thread() + sum(map(delays.of_process, site.on_the_way))


@pytest.mark.parametrize("kind", sorted(FRAMES))
def test_frames_that_bring_nothing(site, kind):
    first, again = FRAMES[kind]

    def act(flood):
        with site.open() as peer:
            peer.socket.settimeout(5)  # who reads nothing may be made to wait with a ping half sent
            peer.send(first)
            while not flood.over and peer.send(again):
                pass
            return peer.end()

    assert harms_nobody(site, act) - {"open", "dropped"} == {4029}


def test_messages_that_are_not_there_yet(site):
    """Each byte of them is looked at before the site can say that it is too much."""

    def act(flood):
        with site.open() as peer:
            while not flood.over and peer.send(frame(b"x" * 60000, fin=False)):
                pass
            return "open" if flood.over else peer.end()

    ends = harms_nobody(site, act) - {"open"}
    # Who still sends may lose the code with the connection.
    assert ends and ends <= {1009, "dropped"}


def test_handshakes(site):
    def act(flood):
        with site.peer() as peer:
            peer.send(site.bytes(handshake()))
            return peer.status()

    assert harms_nobody(site, act) == {101}


def test_handshakes_that_are_refused(site):
    def act(flood):
        with site.peer() as peer:
            peer.send(site.bytes(to(b"/ws/deploy/nowhere/")))
            return peer.status()

    assert harms_nobody(site, act) == {403}


@pytest.mark.parametrize(
    "headers, status", [((), 404), ((b"Upgrade: websocket",), 400)], ids=["pages", "upgrades"]
)
def test_requests_on_a_connection_that_stays(site, headers, status):
    data = request(b"GET /ws/deploy/x/ HTTP/1.1", site.lines[b"%HOST%"], *headers) * 1000
    answers = set()

    def act(flood):
        with site.peer() as peer:
            peer.socket.settimeout(1)
            while not flood.over and peer.send(data):
                peer.received = b""
                answers.add(peer.status())

    harms_nobody(site, act)
    # A thousand answers are not read to the end: a head may begin in the middle of another's body.
    assert status in {found for found in answers if isinstance(found, int)}
