"""A real daphne refuses a request with a body, which another follows in the same packet."""

import socket

from twisted import version

from tests.support.daphne import daphne
from tests.support.probe import probe
from tests.support.raw import APPLICATION, answers, receive, request

NAME = "daphne.pipelined_body"
NEEDED = (version.major, version.minor) < (24, 7)


def refused_first_second(site, **environ):
    """The answers to three requests, in the order they came."""
    refused = request("/\x80", "POST", "Content-Length: 1") + b"x"
    with daphne(site, APPLICATION, **environ) as address:
        with socket.create_connection(address) as client:
            client.sendall(refused + request("/ok/first"))
            received = receive(client, b"0\r\n\r\n")[0]
            client.sendall(request("/ok/second"))
            for last in (b"/first\r\n0\r\n\r\n", b"second\r\n0\r\n\r\n"):
                if last not in received:
                    received += receive(client, last)[0]
    return [body.decode()[-6:] for _, body in answers(received)[1:]]


def test_it_keeps_its_place(raw_site):
    assert refused_first_second(raw_site) == ["/first", "second"]


def test_without_the_patch_it_is_overtaken(raw_site):
    order = ["second", "/first"] if NEEDED else ["/first", "second"]
    assert refused_first_second(raw_site, COMPAT_DISABLE=NAME) == order


def test_the_record():
    found = probe("import daphne.server", patch=NAME).states[NAME]
    assert found == ("applied" if NEEDED else "not needed")
