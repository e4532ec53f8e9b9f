"""A real daphne with timeouts, and connections that its check for them fails on."""

from tests.support.daphne import daphne
from tests.support.raw import APPLICATION, answers, ask, ask_all, request

NAME = "daphne.timeout_checker"
OPTIONS = ["--http-timeout", "1", "--websocket_timeout", "1", "--websocket_connect_timeout", "60"]
CLOSE = "Connection: close"
HANDSHAKE = request(
    "/",
    "GET",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
SILENT = request("/silent", "GET", CLOSE)
MIDWAY = request("/silent_midway", "GET", CLOSE)
STARTED = request("/silent_started", "GET", CLOSE)


def leave_a_stream(address):
    assert ask(address, request("/streams"), until=b"<part>")[1] == "found"


def test_the_timeouts_of_the_others_are_checked_and_half_a_response_is_cut_off(raw_site):
    with daphne(raw_site, APPLICATION, *OPTIONS) as address:
        leave_a_stream(address)
        found = ask_all(address, [HANDSHAKE, SILENT, MIDWAY, STARTED])
        late = ask(address, SILENT)
    handshake, silent, midway, started = found
    assert handshake == (b"", "reset")
    for received, end in (silent, started, late):
        assert answers(received)[0][0] == 503 and end == "closed"
    assert midway[0].endswith(b"<part>\r\n") and midway[1] == "reset"


def test_without_the_patch_a_client_that_leaves_a_stream_ends_all_timeouts(raw_site):
    with daphne(raw_site, APPLICATION, *OPTIONS, COMPAT_DISABLE=NAME) as address:
        leave_a_stream(address)
        assert ask(address, SILENT, seconds=4) == (b"", "open")


def test_without_the_patch_a_slow_handshake_ends_all_timeouts(raw_site):
    with daphne(raw_site, APPLICATION, *OPTIONS, COMPAT_DISABLE=NAME) as address:
        assert ask_all(address, [HANDSHAKE, SILENT], seconds=4) == [(b"", "open")] * 2


def test_without_the_patch_half_a_response_looks_like_a_whole_one(raw_site):
    with daphne(raw_site, APPLICATION, *OPTIONS, COMPAT_DISABLE=NAME) as address:
        found = ask_all(address, [MIDWAY, STARTED])
    assert [answers(received) for received, _ in found] == [[(200, b"<part>")], [(201, b"")]]
