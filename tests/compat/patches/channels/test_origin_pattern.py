"""A browser opens a WebSocket on a daphne whose ALLOWED_HOSTS are plain host names."""

from urllib.parse import urlparse

import pytest

from tests.support.daphne import daphne
from tests.support.handshakes import SITE, handshake
from tests.support.probe import DJANGO, prove, source


@source(DJANGO)
def match():
    from urllib.parse import urlparse

    from channels.security.websocket import OriginValidator

    def allowed(origin, pattern):
        return OriginValidator(None, [pattern]).valid_origin(urlparse(origin))

    print(
        allowed("http://example.com", "example.com"),
        allowed("https://a.example.com:8443", ".example.com"),
        allowed("http://example.com:8000", "example.com:8000"),
        allowed("http://[::1]:80", "[::1]"),
        allowed("http://example.com", "http://example.com:80"),
        allowed("http://evil.com", "example.com"),
        allowed("https://example.com", "http://example.com"),
    )


NAME = "channels.origin_pattern"


def python_takes_no_scheme():
    try:
        urlparse("example.com", scheme=None)
    except (AttributeError, TypeError):
        return False
    return True


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site_of_probe.py").write_text(SITE)
    return tmp_path


def test_allowed_and_foreign_origins_are_answered(site):
    with daphne(site, "site_of_probe:application") as address:
        answers = [
            handshake(address, "http://" + host).split()[1]
            for host in ("127.0.0.1:8000", "www.example.com", "evil.com")
        ]
    assert answers == ["101", "101", "403"]


def test_without_the_patch_no_handshake_succeeds(site):
    with daphne(site, "site_of_probe:application", COMPAT_DISABLE=NAME) as address:
        answer = handshake(address, "http://127.0.0.1")
    assert answer.split()[1] == ("101" if python_takes_no_scheme() else "500")


def test_what_patterns_match():
    if python_takes_no_scheme():
        bad = "True True False"  # the host of "host:port" is taken for a scheme
    else:
        bad = "AttributeError"
    prove(NAME, match, good="True True True True True False False", bad=bad)
