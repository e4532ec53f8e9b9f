"""The reference site, a client who may do everything, and what the whole is held against."""

import pytest

from tests.support.sites.stack import Stack
from tests.support.wait import wait_until

from .watch import Watch
from .wire import SECONDS, Peer, frame, request


class Site(object):
    """The stack as a hostile client sees it."""

    def __init__(self, stack):
        self.stack = stack
        # The processes between a client and its consumer.
        names = Watch(stack.var).processes().items()
        self.on_the_way = [pid for pid, name in names if name in ("nginx", "daphne")]
        self.address = ("127.0.0.1", stack.port)
        self.lines = {
            b"%HOST%": b"Host: " + stack.host.encode(),
            b"%ORIGIN%": b"Origin: " + stack.url.encode(),
            b"%COOKIE%": b"Cookie: " + stack.login().encode(),
        }

    def bytes(self, data):
        """A case's bytes for this site."""
        for name, line in self.lines.items():
            data = data.replace(name, line)
        return data

    def peer(self, **options):
        return Peer(self.address, **options)

    def ask(self, data):
        """The status that some bytes get."""
        with self.peer() as peer:
            peer.send(self.bytes(data))
            return peer.status()

    def open(self, path=b"/ws/deploy/tasks/", **options):
        """A WebSocket."""
        from .cases.handshakes import to

        peer = self.peer(**options)
        peer.send(self.bytes(to(path)))
        assert peer.status() == 101, peer.head
        return peer

    def serves(self):
        """Fail unless an ordinary page and an ordinary message are answered."""
        lines = [self.lines[b"%HOST%"], b"Connection: close"]
        assert self.ask(request(b"GET /accounts/login/ HTTP/1.1", *lines)) == 200
        with self.open() as peer:
            peer.send(frame(b'{"message": "alive"}'))
            assert peer.text() == '{"message": "alive"}'


@pytest.fixture(scope="session")
def hostile_stack(tmp_path_factory):
    stack = Stack(tmp_path_factory.mktemp("stack"))
    stack.up()
    yield stack
    stack.down()


@pytest.fixture(scope="session")
def site(hostile_stack):
    site = Site(hostile_stack)
    for _ in range(8):  # each process has served once before anything is counted
        site.serves()
    return site


@pytest.fixture(scope="module", autouse=True)
def harmless(site):
    """After a module's input: others are served, nothing is left, and no log has a traceback."""
    watch = Watch(site.stack.var)
    yield watch
    site.serves()
    wait_until(watch.nothing_left, SECONDS * 2, "what it was before: %r" % watch)
    assert watch.complaints() == []
