"""A browser's cookies, over a WebSocket of a real daphne."""

import pytest

from tests.support.daphne import daphne
from tests.support.frames import Client
from tests.support.probe import source

NAME = "channels.cookie_bytes"


@source
def site_code():
    global application
    import compat

    compat.install()
    from django.conf import settings

    settings.configure(SECRET_KEY="test", INSTALLED_APPS=["channels"])
    import django

    django.setup()
    from channels.generic.websocket import AsyncWebsocketConsumer
    from channels.sessions import CookieMiddleware

    class Tells(AsyncWebsocketConsumer):
        async def connect(self):
            await self.accept()
            await self.send(text_data=ascii(sorted(self.scope["cookies"].items())))
            await self.close()

    application = CookieMiddleware(Tells)


ORDINARY = [
    (b"a=1; b=x%20y", "[('a', '1'), ('b', 'x%20y')]"),
    (b'c="quoted\\073 text"', "[('c', 'quoted; text')]"),
    (b"", "[]"),
]
BEYOND = [
    ("sessionid=abc; name=é".encode(), r"[('name', '\xe9'), ('sessionid', 'abc')]"),
    (b"sessionid=abc; name=\xe9", r"[('name', '\ufffd'), ('sessionid', 'abc')]"),
    (b"\xff=\xfe;;==;", r"[('', '='), ('\ufffd', '\ufffd')]"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "cookie_site.py").write_text(site_code)
    return folder


def told(address, cookie):
    with Client(address, "/", [b"Cookie: " + cookie]) as client:
        return client.receive()[1] if client.status == 101 else client.status


def test_they_are_what_they_are_under_wsgi(site):
    with daphne(site, "cookie_site:application") as address:
        for cookie, expected in ORDINARY + BEYOND:
            assert told(address, cookie) == expected
    assert "Traceback" not in (site / "daphne.log").read_text()


def test_without_the_patch_only_ascii_gets_an_answer(site):
    with daphne(site, "cookie_site:application", COMPAT_DISABLE=NAME) as address:
        for cookie, expected in ORDINARY:
            assert told(address, cookie) == expected
        for cookie, _ in BEYOND:
            assert told(address, cookie) == 500
