"""Clients of a real daphne send requests as fast as they can; others wait for their turn."""

import signal
import socket

import pytest

from tests.support import frames, raw
from tests.support.daphne import daphne
from tests.support.flooding import LONGEST, least, worst_round_trip

NAME = "daphne.greedy_requests"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return frames.write_site(tmp_path_factory.mktemp("site"))


def worst(site, kind, **environ):
    with daphne(site, frames.APPLICATION, end=signal.SIGKILL, **environ) as address:
        return least(lambda: worst_round_trip(address, kind), tries=1 if environ else 3)


@pytest.mark.parametrize("kind", ["refused requests", "chunks"])
def test_others_have_their_turn(site, kind):
    patched, stock = worst(site, kind), worst(site, kind, COMPAT_DISABLE=NAME)
    print("%s: worst round trip %.3f s, without the patch %.3f s" % (kind, patched, stock))
    assert patched < LONGEST and stock > 3 * patched


def test_pages_over_one_connection_hold_nobody_up(site):
    assert worst(site, "pages") < LONGEST


def test_every_request_is_answered_in_its_order(raw_site):
    paths = ["/ok/%d%s/" % (n, "x" * (n * 37 % 3000)) for n in range(100)]
    data = b"".join(raw.request(path) for path in paths[:-1])
    data += raw.request(paths[-1], "GET", "Connection: close")
    bad = raw.request("/") + b"GET /\xc3 HTTP/1.1\r\nHost: a\r\n\r\n"
    with daphne(raw_site, raw.APPLICATION) as address:
        assert raw.answers(raw.ask(address, data)[0]) == [(200, p.encode()) for p in paths]
        with socket.create_connection(address) as client:
            for byte in range(0, len(data), 700):
                client.sendall(data[byte : byte + 700])
            assert len(raw.answers(raw.receive(client)[0])) == 100
        with socket.create_connection(address) as client:
            client.sendall(bad)
            assert raw.receive(client, b"\r\n\r\n")[1] == "found"


@pytest.mark.parametrize("head", ["Content-Length: 300000", "Transfer-Encoding: chunked"])
def test_a_body_in_the_same_packet_arrives_whole(raw_site, head):
    body = b"x" * 300000
    if "chunked" in head:
        body = b"".join(b"%x\r\n%s\r\n" % (n, b"x" * n) for n in range(1, 775)) + b"0\r\n\r\n"
    after = raw.request("/ok/", "GET", "Connection: close")
    with daphne(raw_site, raw.APPLICATION) as address:
        told = raw.ask(address, raw.request("/ok/", "POST", head) + body + after)[0]
        assert raw.answers(told) == [(200, b"/ok/")] * 2
    assert "Traceback" not in (raw_site / "daphne.log").read_text()
