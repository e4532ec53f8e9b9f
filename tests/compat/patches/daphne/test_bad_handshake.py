"""Handshakes that daphne cannot take, over plain sockets."""

import socket

import pytest

from compat.patching.patch import version_of
from tests.support.daphne import daphne
from tests.support.frames import APPLICATION, Client, frame, upgrade, write_site

NAME = "daphne.bad_handshake"
ODD = {
    "protocol": b"Sec-WebSocket-Protocol: caf\xe9",
    "second protocol": b"Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: \xff",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return write_site(tmp_path_factory.mktemp("site"))


def first_line(address, data):
    with socket.create_connection(address, timeout=30) as client:
        client.sendall(data)
        return client.makefile("rb").readline()


def status(address, *headers):
    return int(first_line(address, upgrade("/", headers)).split()[1])


@pytest.mark.parametrize("header", list(ODD.values()), ids=list(ODD))
def test_what_cannot_be_decoded_is_a_bad_request(tmp_path, header):
    write_site(tmp_path)
    with daphne(tmp_path, APPLICATION) as address:
        assert status(address, header) == 400
        assert status(address, b"Sec-WebSocket-Protocol: plain", b"X-Y: caf\xe9") == 101
    assert "Traceback" not in (tmp_path / "daphne.log").read_text()
    with daphne(tmp_path, APPLICATION, COMPAT_DISABLE=NAME) as address:
        assert status(address, header) == 500
    assert "Traceback" in (tmp_path / "daphne.log").read_text()


@pytest.mark.parametrize(
    "request_",
    [
        upgrade("/", [b"X-\xe9: a"]),
        b"GET / HTTP/1.1\xff\r\nHost: a\r\n\r\n",
    ],
    ids=["name", "version"],
)
def test_nor_can_these(site, request_):
    with daphne(site, APPLICATION) as address:
        assert first_line(address, request_).startswith(b"HTTP/1.1 400 ")
    with daphne(site, APPLICATION, COMPAT_DISABLE=NAME) as address:
        # Twisted refuses them since 24.
        found = int(first_line(address, request_).split()[1])
        assert found == (500 if version_of("twisted") < "24" else 400)


def with_version(text):
    return upgrade().replace(b"Version: 13", b"Version: " + text)


def test_a_refusal_is_short(site):
    long, html = with_version(b"9" * 12000), with_version(b"\xe9<b>")
    with daphne(site, APPLICATION) as address:
        line = first_line(address, long)
        assert line.startswith(b"HTTP/1.1 400 ") and len(line) < 200
        line = first_line(address, html)
        assert line.startswith(b"HTTP/1.1 400 ") and max(line) < 128
    with daphne(site, APPLICATION, COMPAT_DISABLE=NAME) as address:
        assert len(first_line(address, long)) > 12000
        assert max(first_line(address, html)) > 127


def test_others_are_told_what_they_were_told(site):
    with daphne(site, APPLICATION) as address:
        line = first_line(address, with_version(b"12"))
        assert (
            line
            == b"HTTP/1.1 400 WebSocket version 12 not supported (supported versions: 13,8)\r\n"
        )
        with Client(address) as client:
            client.send(frame(b"xx"))
            assert client.receive() == ("text", "2")


def test_the_end_of_what_was_refused_is_no_error(tmp_path):
    write_site(tmp_path)

    def log(**environ):
        with daphne(tmp_path, APPLICATION, "--verbosity", "2", **environ) as address:
            assert first_line(address, with_version(b"12")).startswith(b"HTTP/1.1 400 ")
            assert status(address) == 101
        return (tmp_path / "daphne.log").read_text()

    assert "has no attribute 'server'" not in log()
    assert "has no attribute 'server'" in log(COMPAT_DISABLE=NAME)
