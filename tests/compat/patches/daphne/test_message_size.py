"""Clients of a real daphne send more over a WebSocket than it should take."""

import http.client
import socket
import time

import pytest

from tests.support.daphne import daphne
from tests.support.frames import APPLICATION, Client, frame, upgrade, write_site

NAME = "daphne.message_size"
DISABLED = {"COMPAT_DISABLE": NAME}
SOON = {"COMPAT_DRAIN_SECONDS": "0.5"}  # an application that waits is cancelled at the end
MB = 1024 * 1024
HUGE = 1 << 40


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return write_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def address(site):
    with daphne(site, APPLICATION, **SOON) as address:
        yield address


@pytest.fixture(scope="module")
def stock(site):
    with daphne(site, APPLICATION, **dict(DISABLED, **SOON)) as address:
        yield address


def get(address, path):
    connection = http.client.HTTPConnection(*address, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def talk(address, *data):
    """The first thing that daphne says to these bytes over a WebSocket."""
    with Client(address) as client:
        client.send(*data)
        return client.receive()


def in_two(size):
    return frame(b"x" * (size // 2), fin=False) + frame(b"x" * (size - size // 2), opcode=0)


def test_the_limit_is_1_mib_for_a_message_however_it_is_cut(address):
    assert talk(address, frame(b"x" * MB)) == ("text", str(MB))
    assert talk(address, in_two(MB)) == ("text", str(MB))
    assert talk(address, frame(b"x" * (MB + 1))) == ("close", 1009)
    assert talk(address, in_two(MB + 1)) == ("close", 1009)


def test_without_the_patch_there_is_none(stock):
    assert talk(stock, frame(b"x" * (2 * MB))) == ("text", str(2 * MB))


def test_a_frame_is_refused_at_its_head(address):
    assert talk(address, frame(length=HUGE)) == ("close", 1009)
    assert talk(address, frame(b"x" * 1000, length=HUGE)) == ("close", 1009)


def test_without_the_patch_it_is_waited_for(stock):
    with Client(stock) as client:
        client.send(frame(b"x" * 1000, length=HUGE))
        client.socket.settimeout(0.5)
        assert client.receive() == ("end", "open")


def test_who_goes_on_sending_is_dropped_within_seconds_and_takes_no_memory(address):
    before = int(get(address, "/peak/"))
    with Client(address) as client:
        client.send(frame(length=HUGE))
        deadline = time.monotonic() + 30
        while client.send(b"x" * 65536):
            assert time.monotonic() < deadline
    assert int(get(address, "/peak/")) - before < 8 * MB


def growth_by_pieces(site, **environ):
    """What a message in 300,000 pieces of no bytes and 30,000 of two takes, in bytes."""
    disabled = ",".join(["daphne.frame_flood"] + list(environ.values()))  # would end it soon
    with daphne(site, APPLICATION, COMPAT_DISABLE=disabled) as address:
        talk(address, frame(b"xx"))
        before = int(get(address, "/peak/"))
        with Client(address) as client:
            client.send(frame(b"xx", fin=False))
            for _ in range(100):
                client.send(frame(opcode=0, fin=False) * 3000, frame(b"xx", 0, False) * 300)
            client.send(frame(b"xx", opcode=0))
            assert client.receive() == ("text", "60004")
        return int(get(address, "/peak/")) - before


def test_many_small_pieces_take_no_more_memory(site):
    assert growth_by_pieces(site) < 1.5 * MB


def test_without_the_patch_they_do(site):
    assert growth_by_pieces(site, **DISABLED) > 2.5 * MB


def test_what_the_site_sends_has_no_limit(address):
    assert talk(address, frame(b"large%d" % (3 * MB))) == ("bytes", b"x" * (3 * MB))


def early(address):
    """What becomes of a client that sends 3 MB before its WebSocket is accepted."""
    with Client(address, "/waits/", accepted=False) as client:
        get(address, "/peak/")  # by now the handshake has been read, apart from what follows
        if client.send(*[b"x" * 65536] * 48):
            client.socket.settimeout(0.5)
        return client.receive()


def test_what_comes_before_a_websocket_is_accepted_is_limited(address):
    assert early(address)[1] in ("reset", "closed")


def test_without_the_patch_it_is_kept(stock):
    assert early(stock) == ("end", "open")


def with_body(address, size):
    """The status of a handshake that has a body."""
    body = frame(b"x" * size)
    with socket.create_connection(address, timeout=30) as client:
        client.sendall(upgrade("/", [b"Content-Length: %d" % len(body)]) + body)
        return int(client.makefile("rb").readline().split()[1])


def test_a_handshake_with_a_large_body_is_refused(address, stock):
    assert with_body(address, 1000) == 101
    assert with_body(address, 2 * MB) == 413
    assert with_body(stock, 2 * MB) == 101


@pytest.mark.parametrize("value, size, said", [("1000", 1001, 1009), ("0", 2 * MB, None)])
def test_the_limit_can_be_another(site, value, size, said):
    with daphne(site, APPLICATION, COMPAT_WEBSOCKET_MAX_BYTES=value) as address:
        expected = ("close", said) if said else ("text", str(size))
        assert talk(address, frame(b"x" * size)) == expected
        assert talk(address, frame(b"x" * 1000)) == ("text", "1000")


@pytest.mark.parametrize("value", ["many", "-1", "1e6"])
def test_a_bad_limit_is_told_and_the_default_holds(tmp_path, value):
    write_site(tmp_path)
    with daphne(tmp_path, APPLICATION, COMPAT_WEBSOCKET_MAX_BYTES=value) as address:
        assert talk(address, frame(b"x" * MB)) == ("text", str(MB))
        assert talk(address, frame(b"x" * (MB + 1))) == ("close", 1009)
    log = (tmp_path / "daphne.log").read_text()
    assert log.count("COMPAT_WEBSOCKET_MAX_BYTES=%r: expected a whole number of bytes" % value) == 1
