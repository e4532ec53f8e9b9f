"""A real daphne whose application fails after it has begun to answer."""

import socket

from tests.support.daphne import daphne
from tests.support.raw import APPLICATION, ask, ask_all, get, receive, request

NAME = "daphne.failed_response"
PRINTED = "daphne.logged_errors"  # has words for what has none


def test_a_stream_that_fails_is_cut_off_and_later_failures_are_answered(raw_site):
    with daphne(raw_site, APPLICATION) as address:
        received, end = ask(address, request("/fails_midway"))
        assert received.endswith(b"\r\n6\r\n<part>\r\n") and end == "reset"
        assert get(address, "/fails")[0] == 500
    log = (raw_site / "daphne.log").read_text()
    assert log.count("Exception inside application: on purpose") == 2


def test_without_the_patch_it_hangs_and_so_do_later_failures(raw_site):
    with daphne(raw_site, APPLICATION, COMPAT_DISABLE=NAME) as address:
        received, end = ask(address, request("/fails_midway"), seconds=2)
        assert received.endswith(b"<part>\r\n") and end == "open"
        assert get(address, "/fails", seconds=2)[0] is None


def test_a_response_that_was_only_begun_becomes_an_error_page(raw_site):
    with daphne(raw_site, APPLICATION) as address:
        with socket.create_connection(address) as client:
            client.sendall(request("/fails_started"))
            assert receive(client, b"0\r\n\r\n")[0].startswith(b"HTTP/1.1 500 ")
            client.sendall(request("/ok"))  # the connection is kept
            assert receive(client, b"0\r\n\r\n")[0].startswith(b"HTTP/1.1 200 ")
        closing = request("/fails_started", "GET", "Connection: close")
        received, end = ask(address, closing)
        assert b"\r\nConnection: close\r\n" in received and end == "closed"


def failures_nobody_can_print(address, seconds):
    """What becomes of two of them, and the status of an ordinary failure afterwards."""
    ends = [end for _, end in ask_all(address, [request("/fails_unspeakably")] * 2, seconds)]
    return ends + [get(address, "/fails", seconds=seconds)[0]]


def test_a_failure_that_cannot_be_printed_ends_only_its_own_connection(raw_site):
    with daphne(raw_site, APPLICATION, COMPAT_DISABLE=PRINTED) as address:
        assert failures_nobody_can_print(address, 20) == ["reset", "reset", 500]
    assert "Unspeakable: <" in (raw_site / "daphne.log").read_text()


def test_without_the_patch_it_ends_the_answers_to_all(raw_site):
    with daphne(raw_site, APPLICATION, COMPAT_DISABLE=NAME + "," + PRINTED) as address:
        assert failures_nobody_can_print(address, 2) == ["open", "open", None]
