"""A real daphne whose application ends without having answered."""

import socket

import pytest

from tests.support.daphne import daphne
from tests.support.raw import APPLICATION, ask, receive, request

NAME = "daphne.unfinished_response"


def test_no_client_is_left_waiting(raw_site):
    with daphne(raw_site, APPLICATION) as address:
        for path in ("/stops", "/stops_started"):
            with socket.create_connection(address) as client:
                client.sendall(request(path))
                received, end = receive(client, b"0\r\n\r\n")
                assert received.startswith(b"HTTP/1.1 500 ") and end == "found"
                client.sendall(request("/ok"))  # the connection is kept
                assert receive(client, b"0\r\n\r\n")[0].startswith(b"HTTP/1.1 200 ")
        received, end = ask(address, request("/stops_midway"))
        assert b"\r\n0\r\n" not in received and end == "reset"
        assert ask(address, request("/cancels_itself")) == (b"", "reset")
    assert "left b'/stops_midway' unanswered" in (raw_site / "daphne.log").read_text()


@pytest.mark.parametrize("path", ["/stops", "/stops_midway"])
def test_without_the_patch_it_waits_for_ever(raw_site, path):
    with daphne(raw_site, APPLICATION, COMPAT_DISABLE=NAME) as address:
        assert ask(address, request(path), seconds=2)[1] == "open"
