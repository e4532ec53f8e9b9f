"""A real daphne whose client disconnects from an application that goes on working."""

import http.client
import socket
import sys

import pytest

from tests.support.daphne import daphne
from tests.support.probe import applies, probe, source

NAME = "daphne.cancelled_application"
ALONE = NAME + ",daphne.logged_errors"  # looks at each application before the stock one does
NEEDED = sys.version_info >= (3, 8)


@source
def site_code():
    import compat

    compat.install()
    import asyncio

    killed = []

    class application:
        def __init__(self, scope):
            self.path = scope["path"]

        async def __call__(self, receive, send):
            await receive()
            if self.path == "/fails/":
                raise LookupError("on purpose")
            if self.path == "/slow/":
                try:
                    await asyncio.get_event_loop().create_future()
                finally:
                    killed.append(self)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"%d" % len(killed)})


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site_of_probe.py").write_text(site_code)
    return tmp_path


def get(address, path, seconds=30):
    """(status, body) of a request; (None, b"") when daphne does not answer in time."""
    connection = http.client.HTTPConnection(*address, timeout=seconds)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except socket.timeout:
        return None, b""
    finally:
        connection.close()


def after_a_kill(site, **environ):
    """The status of a request whose application fails, once daphne has killed another one."""
    options = ["--application-close-timeout", "0"]
    with daphne(site, "site_of_probe:application", *options, **environ) as address:
        with socket.create_connection(address) as client:
            client.sendall(b"GET /slow/ HTTP/1.1\r\nHost: a\r\n\r\n")
            assert get(address, "/") == (200, b"0")  # so the slow one has begun
        while get(address, "/") != (200, b"1"):
            pass
        return get(address, "/fails/", 3 if environ else 30)[0]


def test_errors_are_still_reported_after_an_application_was_killed(site):
    assert after_a_kill(site) == 500


def test_without_the_patch_a_failing_application_is_never_answered(site):
    assert after_a_kill(site, COMPAT_DISABLE=ALONE) == (None if NEEDED else 500)


def test_the_record():
    found = probe("import daphne.server, daphne.testing", patch=NAME).states[NAME]
    assert found == ("applied" if NEEDED and applies(NAME) else "not needed")
