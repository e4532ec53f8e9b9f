"""Each handshake and request gets what docs/reference/hostile-input.md says, and harms nobody."""

import pytest

from .cases import HANDSHAKES, PAGES


@pytest.mark.parametrize("case", HANDSHAKES, ids=repr)
def test_handshake(site, case):
    got = case.got if isinstance(case.got, tuple) else (case.got,)
    assert site.ask(case.data) in got


@pytest.mark.parametrize("case", PAGES, ids=repr)
def test_page(site, case):
    got = case.got if isinstance(case.got, tuple) else (case.got,)
    assert site.ask(case.data) in got


def test_compression_is_never_agreed_upon(site):
    [case] = [case for case in HANDSHAKES if case.name == "compression offered"]
    with site.peer() as peer:
        peer.send(site.bytes(case.data))
        assert peer.status() == 101
        assert b"extensions" not in peer.head.lower()


def test_what_a_client_says_of_itself_does_not_reach_the_log_as_lines(site, harmless):
    from .cases.handshakes import to

    assert site.ask(to(b"/ws/deploy/x%0aERROR%20forged%1b[2J/")) == 403
    assert site.ask(to(b"/nowhere/%0aERROR%20forged%1b[2J/")) == 404
    for path in harmless._logs():
        with open(path, errors="replace") as log:
            text = log.read()
        assert "\nERROR forged" not in text and "\x1b[2J" not in text
