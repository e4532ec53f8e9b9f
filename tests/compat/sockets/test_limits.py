"""How many sockets, and messages on one; over a real daphne and nginx's header."""

import pytest

from compat.sockets import _settings
from compat.sockets.limits import Counts, address_key
from tests.support.websockets import close_code

from .visitors import Visitor


def echoes(socket):
    socket.send("hello")
    return socket.recv() == "hello"


def forwarded(address):
    return ["X-Forwarded-For: " + address]


def test_sockets_of_one_user(serve, ann):
    bob = Visitor("bob")
    with serve(CHANNEL_LAYERS={}, SOCKETS_PER_USER=2) as server:
        first, second = [server.open("/echo/", ann.cookie) for _ in range(2)]
        assert echoes(first) and echoes(second)
        assert close_code(server.open("/echo/", ann.cookie)) == 4029
        # A page that asks for subprotocols sees the code, too.
        offers = server.open("/echo/", ann.cookie, subprotocols=["a", "b"])
        assert offers.getsubprotocol() == "a"
        assert close_code(offers) == 4029
        assert echoes(server.open("/echo/", bob.cookie))
        assert all(echoes(server.open()) for _ in range(3))  # strangers are not one user
        first.close()
        second.sock.close()  # without a goodbye
        assert reopens(server, "/echo/", ann.cookie, 2)


def reopens(server, path, cookie, count, **options):
    """Whether so many sockets can be open again, as soon as daphne knows of the ends."""
    for _ in range(200):
        found = [server.open(path, cookie, **options) for _ in range(count)]
        try:
            if all(map(echoes, found)):
                return True
        except OSError:
            pass
        except Exception as error:
            assert "closed" in str(error).lower() or "Close" in type(error).__name__, error
        for socket in found:
            socket.close()
    return False


def test_sockets_of_one_address_behind_the_proxy(serve):
    with serve(["--proxy-headers"], CHANNEL_LAYERS={}, SOCKETS_PER_ADDRESS=2) as server:
        there, here = forwarded("192.0.2.7"), forwarded("192.0.2.8")
        found = [server.open(header=there) for _ in range(2)]
        assert all(map(echoes, found))
        assert close_code(server.open(header=there)) == 4029
        assert echoes(server.open(header=here))
        network = [server.open(header=forwarded("2001:db8::%d" % n)) for n in (1, 2)]
        assert all(map(echoes, network))
        assert close_code(server.open(header=forwarded("2001:db8::3"))) == 4029
        assert echoes(server.open(header=forwarded("2001:db8:0:1::3")))
        # The proxy itself, and whoever else is on this machine.
        assert all(echoes(server.open()) for _ in range(4))
        found[0].close()
        found[1].close()
        assert reopens(server, "/echo/", None, 2, header=there)


def test_what_a_client_claims_is_not_believed_without_the_option(serve):
    """daphne's address is the connection's then, and loopback is not counted."""
    with serve(CHANNEL_LAYERS={}, SOCKETS_PER_ADDRESS=1) as server:
        assert all(echoes(server.open(header=forwarded("192.0.2.7"))) for _ in range(3))
    changes = {"SOCKETS_UNCOUNTED_ADDRESSES": [], "SOCKETS_PER_ADDRESS": 1}
    with serve(CHANNEL_LAYERS={}, **changes) as server:
        assert echoes(server.open(header=forwarded("192.0.2.7")))
        assert close_code(server.open(header=forwarded("192.0.2.8"))) == 4029


def test_messages_on_one_socket(serve):
    changes = {"SOCKETS_MESSAGES_PER_SECOND": 1, "SOCKETS_MESSAGES_AT_ONCE": 20}
    with serve(CHANNEL_LAYERS={}, **changes) as server:
        socket = server.open()
        for number in range(20):
            socket.send(str(number))
        assert [socket.recv() for _ in range(20)] == [str(number) for number in range(20)]
        for _ in range(100):
            try:
                socket.send("more")
            except OSError:
                break  # closed already
        assert close_code(socket) == 4029
        assert echoes(server.open())


def test_no_limits(serve, ann):
    changes = {limit.name: 0 for limit in _settings.LIMITS}
    with serve(CHANNEL_LAYERS={}, **changes) as server:
        found = [server.open("/echo/", ann.cookie) for _ in range(110)]
        assert all(map(echoes, found))
        for _ in range(600):
            found[0].send("x")
        assert [found[0].recv() for _ in range(600)] == ["x"] * 600


def test_what_is_forgotten_takes_no_memory():
    counts = Counts(2)
    assert counts.enter("a") and counts.enter("a") and not counts.enter("a")
    counts.leave("a")
    assert counts.enter("a")
    counts.leave("a")
    counts.leave("a")
    assert not counts.counts
    assert all(counts.enter(None) for _ in range(5))


@pytest.mark.parametrize(
    "address, key",
    [
        (None, None),
        ("", None),
        ("127.0.0.1", None),
        ("127.8.9.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_what_an_address_is_counted_under(address, key):
    assert address_key(address, _settings.UNCOUNTED()) == key
