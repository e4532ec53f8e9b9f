"""A client of a real daphne that does not read what it is sent."""

import http.client

import pytest

from tests.support.daphne import daphne
from tests.support.frames import APPLICATION, Client, frame, write_site

NAME = "daphne.unsent_bytes"
MB = 1024 * 1024
LARGE = frame(b"large%d" % MB)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return write_site(tmp_path_factory.mktemp("site"))


def peak(address):
    connection = http.client.HTTPConnection(*address, timeout=30)
    try:
        connection.request("GET", "/peak/")
        return int(connection.getresponse().read().decode())
    finally:
        connection.close()


def unread(address, count=60):
    """(how many of `count` messages of 1 MiB came once they were read, growth in bytes)."""
    with Client(address) as client:
        client.send(frame(b"xx"))
        assert client.receive() == ("text", "2")
        before = peak(address)
        client.send(LARGE * count)
        # The application sees them in order: the answer to this one comes when all are written.
        client.send(frame(b"xx"))
        with Client(address) as other:
            other.send(frame(b"xxx"))
            assert other.receive() == ("text", "3")
        came = 0
        while client.receive()[0] == "bytes":
            came += 1
        return came, peak(address) - before


def test_what_is_not_read_is_not_kept_without_bound(site):
    with daphne(site, APPLICATION) as address:
        came, growth = unread(address)
    assert came < 30 and growth < 30 * MB


def test_without_the_patch_it_is(site):
    with daphne(site, APPLICATION, COMPAT_DISABLE=NAME) as address:
        came, growth = unread(address)
    assert came == 60 and growth > 40 * MB


def pings(address, megabytes):
    """Send so many MB of pings and read nothing; False once daphne has reset the connection."""
    ping = frame(b"x" * 125, 9) * 500
    with Client(address) as client:
        client.socket.settimeout(60)
        sent = 0
        while sent < megabytes * MB:
            if not client.send(ping):
                return False
            sent += len(ping)
        return True


def test_the_answers_to_pings_count_too(site):
    patient = ["--ping-interval", "3600"]  # who does not read does not answer either
    many = {"COMPAT_DISABLE": "daphne.frame_flood", "COMPAT_WEBSOCKET_MAX_UNSENT": "100000"}
    with daphne(site, APPLICATION, *patient, **many) as address:
        assert not pings(address, 60)
        with Client(address) as other:
            other.send(frame(b"xx"))
            assert other.receive() == ("text", "2")
    assert "whose client does not read" in (site / "daphne.log").read_text()
    disabled = NAME + ",daphne.frame_flood"
    with daphne(site, APPLICATION, *patient, COMPAT_DISABLE=disabled) as address:
        assert pings(address, 12)


def test_tiny_messages_count_as_what_they_take(site):
    """A frame of 3 bytes is an object and a place in a list: 50 and more."""
    with daphne(site, APPLICATION, COMPAT_WEBSOCKET_MAX_UNSENT=str(MB)) as address:
        with Client(address) as client:
            client.send(frame(b"small10000"))
            assert [client.receive() for _ in range(10000)] == [("text", "x")] * 10000
            client.send(frame(b"small100000"))
            assert len(client.told()) < 100000  # and it was reset


def test_one_message_may_be_of_any_size(site):
    with daphne(site, APPLICATION, COMPAT_WEBSOCKET_MAX_UNSENT="1000") as address:
        with Client(address) as client:
            for _ in range(3):
                client.send(frame(b"large%d" % (3 * MB)))
                assert client.receive() == ("bytes", b"x" * (3 * MB))


def test_0_is_no_limit(site):
    with daphne(site, APPLICATION, COMPAT_WEBSOCKET_MAX_UNSENT="0") as address:
        assert unread(address, 30)[0] == 30


def test_a_bad_limit_is_told_and_the_default_holds(site):
    with daphne(site, APPLICATION, COMPAT_WEBSOCKET_MAX_UNSENT="much") as address:
        assert unread(address)[0] < 30
    log = (site / "daphne.log").read_text()
    assert log.count("COMPAT_WEBSOCKET_MAX_UNSENT='much': expected a whole number of bytes") == 1
