"""A client forges a header of a WebSocket by what autobahn takes for the end of a line."""

import socket

import pytest

from tests.support.daphne import daphne
from tests.support.frames import APPLICATION, Client, upgrade, write_site

NAME = "daphne.upgrade_headers"
FORGED = "b'x-real-ip' b'6.6.6.6'"
ENDS = ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return write_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def address(site):
    with daphne(site, APPLICATION) as address:
        yield address


@pytest.fixture(scope="module")
def stock(site):
    with daphne(site, APPLICATION, COMPAT_DISABLE=NAME) as address:
        yield address


def status(address, path="/headers/", headers=(), method="GET"):
    with socket.create_connection(address, timeout=30) as client:
        client.sendall(upgrade(path, headers, method))
        return int(client.makefile("rb").readline().split()[1])


def headers_of(address, path="/headers/", headers=()):
    """What the application was told."""
    with Client(address, path, headers) as client:
        assert client.status == 101
        return client.told()


def forge(end):
    return [("X-Note: a%sX-Real-IP: 6.6.6.6" % end).encode("latin1")]


@pytest.mark.parametrize("end", ENDS)
def test_a_forged_header_is_refused(address, end):
    assert status(address, headers=forge(end)) == 400


@pytest.mark.parametrize("end", ENDS)
def test_without_the_patch_it_is_believed(stock, end):
    assert FORGED in headers_of(stock, headers=forge(end))


IN_NAME = [b"X\x1cX-Real-IP: 6.6.6.6"]
IN_ADDRESS = "/headers/\x1fHTTP/1.1\x1cX-Real-IP:6.6.6.6"


def test_in_a_name_or_the_address_it_is_refused_too(address):
    assert status(address, headers=IN_NAME) == 400
    assert status(address, IN_ADDRESS) == 400
    assert status(address, method="GET\x1f/headers/\x1fHTTP/1.1\x1cX-Real-IP:6.6.6.6\x1c") == 400


@pytest.mark.parametrize("code", sorted(set(range(1, 32)) - {9, 10, 13}) + [127])
def test_other_control_characters_are_refused(address, code):
    assert status(address, headers=[b"X-Note: a" + bytes([code]) + b"b"]) == 400


def test_what_is_no_control_character_arrives_as_it_is(address):
    note = bytes([9]) + bytes(range(32, 127)) + bytes(range(0x80, 0x85)) + bytes(range(0x86, 256))
    found = headers_of(address, headers=[b"X-Note: a" + note + b"b"])
    assert "b'x-note' %r" % (b"a" + note + b"b") in found


def test_a_page_is_served_with_any_header(address):
    with socket.create_connection(address, timeout=30) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-Note: a\x0bb\r\n\r\n")
        assert client.makefile("rb").readline().split()[1] == b"200"
