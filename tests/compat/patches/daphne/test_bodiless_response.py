"""A real daphne is asked for responses without a body on a connection that is kept."""

import pytest

from tests.support.daphne import daphne
from tests.support.raw import APPLICATION, answers, ask, request

NAME = "daphne.bodiless_response"
NEXT = request("/ok", "GET", "Connection: close")
CASES = [("HEAD", "/parts/200"), ("GET", "/parts/204"), ("GET", "/parts/304")]


def after_the_head(address, method, path):
    """The bytes that follow the first response's header."""
    received, end = ask(address, request(path, method) + NEXT)
    assert end == "closed"
    return received.partition(b"\r\n\r\n")[2]


def test_the_next_response_follows_the_header(raw_site):
    with daphne(raw_site, APPLICATION) as address:
        for method, path in CASES + [("HEAD", "/ok"), ("HEAD", "/fails"), ("HEAD", "/\x80")]:
            assert answers(after_the_head(address, method, path)) == [(200, b"/ok")]


@pytest.mark.parametrize("method, path", CASES)
def test_without_the_patch_a_body_does(raw_site, method, path):
    with daphne(raw_site, APPLICATION, COMPAT_DISABLE=NAME) as address:
        assert after_the_head(address, method, path).startswith(b"<two><three>HTTP/1.1 200")
