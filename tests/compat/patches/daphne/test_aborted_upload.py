"""A real daphne whose client leaves in the middle of an upload."""

import socket
import time

from tests.support.daphne import daphne
from tests.support.raw import APPLICATION, get, request

NAME = "daphne.aborted_upload"


def unfinished(address, wanted, seconds):
    """How many requests daphne counts as unfinished: `wanted`, or what is left after a while."""
    deadline = time.monotonic() + seconds
    while True:
        found = get(address, "/unfinished")[1]
        if found == wanted or time.monotonic() > deadline:
            return found


def break_off(address):
    """Leave daphne in the middle of a body, and of a header."""
    with socket.create_connection(address) as one, socket.create_connection(address) as two:
        one.sendall(request("/ok", "POST", "Content-Length: 9") + b"half")
        two.sendall(b"GET /ok HTTP/1.1\r\nHost: ")
        assert unfinished(address, b"2", 20) == b"2"


def test_it_is_forgotten(raw_site):
    with daphne(raw_site, APPLICATION) as address:
        break_off(address)
        assert unfinished(address, b"0", 20) == b"0"


def test_without_the_patch_it_is_kept(raw_site):
    with daphne(raw_site, APPLICATION, COMPAT_DISABLE=NAME) as address:
        break_off(address)
        assert unfinished(address, b"0", 2) == b"2"
