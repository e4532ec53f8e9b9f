"""Requests to paths of a real daphne that no route has."""

import http.client

import pytest

from tests.support.daphne import daphne
from tests.support.frames import Client
from tests.support.probe import prove, source
from tests.support.wait import wait_until

NAME = "channels.unrouted_path"


@source
def site_code():
    global guarded, plain
    import compat

    compat.install()
    from django.conf import settings

    settings.configure(SECRET_KEY="x", ALLOWED_HOSTS=["a"], INSTALLED_APPS=["channels"])
    import django

    django.setup()
    from channels.generic.websocket import AsyncWebsocketConsumer
    from channels.http import AsgiHandler
    from channels.routing import ProtocolTypeRouter, URLRouter
    from django.conf.urls import url

    from compat.sockets import guard

    class News(AsyncWebsocketConsumer):
        async def connect(self):
            if self.scope["path"] == "/ws/fails/":
                raise ValueError("on purpose")
            await self.accept()

    routes = URLRouter([url("^ws/", URLRouter([url("^(news|fails)/$", News)]))])
    plain = ProtocolTypeRouter(
        {
            "websocket": routes,
            "http": URLRouter([url("^page/$", AsgiHandler)]),
        }
    )
    guarded = ProtocolTypeRouter({"websocket": guard(routes, auth=lambda inner: inner)})


@source
def routed():
    from channels.routing import URLRouter

    try:
        URLRouter([])({"type": "websocket", "path": "/x"})
    except ValueError as error:
        print("ValueError", error)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "routes_site.py").write_text(site_code)
    return tmp_path


def status(address, path):
    with Client(address, path, headers=[b"Origin: http://a"]) as client:
        return client.status


@pytest.mark.parametrize("kind", ["plain", "guarded"])
@pytest.mark.parametrize("path", ["/ws/nowhere/", "/", "/x%0aERROR%1b/"])
def test_it_is_404_and_one_line(site, kind, path):
    with daphne(site, "routes_site:" + kind) as address:
        assert status(address, path) == 404
        assert status(address, "/ws/news/") == 101
    log = (site / "daphne.log").read_text()
    assert "Traceback" not in log and "ValueError" not in log
    told = [line for line in log.splitlines() if "Not Found" in line]
    assert len(told) == 1 and "WebSocket /" in told[0] and "which no route has" in told[0]


@pytest.mark.parametrize("kind", ["plain", "guarded"])
def test_without_the_patch_it_is_500_and_a_traceback(site, kind):
    with daphne(site, "routes_site:" + kind, COMPAT_DISABLE=NAME) as address:
        assert status(address, "/ws/nowhere/") == 500
    assert "ValueError" in (site / "daphne.log").read_text()


def test_a_page_too(site):
    with daphne(site, "routes_site:plain") as address:
        connection = http.client.HTTPConnection(*address, timeout=30)
        connection.request("GET", "/nowhere/")
        answer = connection.getresponse()
        assert (answer.status, b"No route" in answer.read()) == (404, True)
        connection.close()
    assert "Traceback" not in (site / "daphne.log").read_text()


def test_a_consumer_that_fails_is_still_a_500(site):
    with daphne(site, "routes_site:plain") as address:
        assert status(address, "/ws/fails/") == 500
        log = site / "daphne.log"
        wait_until(lambda: "ValueError: on purpose" in log.read_text(), what="the error")


def test_middleware_may_still_catch_it():
    said = "ValueError No route found for path 'x'."
    prove(NAME, routed, good=said, bad=said)
