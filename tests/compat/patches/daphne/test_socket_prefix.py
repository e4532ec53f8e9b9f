"""A site below a prefix, its pages and its sockets, behind a proxy that sets the header or not."""

import http.client

import pytest
import websocket

from tests.support.daphne import daphne
from tests.support.probe import source

NAMES = ("daphne.socket_prefix", "channels.url_prefix")


@source
def site_code():
    global application, urlpatterns
    import compat

    compat.install()
    import django
    from django.conf import settings
    from django.conf.urls import url
    from django.http import HttpResponse

    def page(request):
        return HttpResponse(request.META["SCRIPT_NAME"] + " page")

    settings.configure(
        SECRET_KEY="x",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="prefix_site",
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "channels"],
    )
    urlpatterns = [url(r"^page/$", page)]
    django.setup()
    from channels.generic.websocket import WebsocketConsumer
    from channels.routing import ProtocolTypeRouter, URLRouter

    from compat.sockets.plain_request import watch

    class Tells(WebsocketConsumer):
        def connect(self):
            self.accept()
            route = self.scope["url_route"]["kwargs"]
            self.send(
                "%s %s %s %s"
                % (
                    self.scope.get("root_path"),
                    self.scope["path"],
                    sorted(route.items()),
                    any(b"root" in name for name, _ in self.scope["headers"]),
                )
            )

    rooms = URLRouter([url(r"^(?P<room>\w+)/$", Tells)])
    routes = URLRouter(
        [
            url(r"^ws/plain/$", Tells),
            url(r"^ws/rooms/", rooms),
            url(r"^shop/ws/old/$", Tells),
        ]
    )
    watch(routes)
    application = ProtocolTypeRouter({"websocket": routes})


APPLICATION = "prefix_site:application"
HEADER = {"Daphne-Root-Path": "/shop"}


def status(address, path, headers):
    connection = http.client.HTTPConnection(*address, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def told(address, path, headers=HEADER):
    """What the socket says first; the status where it does not open."""
    try:
        client = websocket.create_connection(
            "ws://%s:%d%s" % (address + (path,)), timeout=30, header=headers
        )
    except websocket.WebSocketBadStatusException as error:
        return error.status_code
    try:
        return client.recv()
    finally:
        client.close()


@pytest.fixture
def site(tmp_path):
    (tmp_path / "prefix_site.py").write_text(site_code)
    return tmp_path


def test_a_proxy_that_sets_the_header(site):
    with daphne(site, APPLICATION, COMPAT_TRUST_ROOT_PATH="1") as address:
        assert status(address, "/shop/page/", HEADER) == (200, "/shop page")
        assert told(address, "/shop/ws/plain/") == "/shop /shop/ws/plain/ [] False"
        found = told(address, "/shop/ws/rooms/lobby/")
        assert found == "/shop /shop/ws/rooms/lobby/ [('room', 'lobby')] False"
        # One that cuts the prefix off, and routes that were written with it.
        assert told(address, "/ws/plain/") == "/shop /ws/plain/ [] False"
        assert told(address, "/shop/ws/old/") == "/shop /shop/ws/old/ [] False"
        assert told(address, "/shopping/ws/plain/") == told(address, "/shop/ws/none/") == 404
        assert told(address, "/ws/plain/", {}) == " /ws/plain/ [] False"
        assert told(address, "/shop/ws/plain/", {}) == 404
        assert status(address, "/shop/ws/plain/", HEADER)[0] == 404
    assert "GET /shop/ws/plain/ has no header Upgrade" in (site / "daphne.log").read_text()


def test_the_option_and_a_client_that_is_not_believed(site):
    with daphne(site, APPLICATION, "--root-path=/shop") as address:
        assert told(address, "/shop/ws/plain/", {}) == "/shop /shop/ws/plain/ [] False"
        evil = {"Daphne-Root-Path": "/shop/ws"}
        assert told(address, "/shop/ws/plain/", evil) == "/shop /shop/ws/plain/ [] False"


def test_without_the_repairs_pages_alone_have_the_prefix(site):
    disable = {"COMPAT_TRUST_ROOT_PATH": "1", "COMPAT_DISABLE": ",".join(NAMES)}
    with daphne(site, APPLICATION, **disable) as address:
        assert status(address, "/shop/page/", HEADER) == (200, "/shop page")
        assert told(address, "/shop/ws/plain/") == 404
        assert told(address, "/ws/plain/") == "None /ws/plain/ [] True"


def test_with_the_prefix_in_the_scope_alone_routes_do_not_match(site):
    disable = {"COMPAT_TRUST_ROOT_PATH": "1", "COMPAT_DISABLE": "channels.url_prefix"}
    with daphne(site, APPLICATION, **disable) as address:
        assert told(address, "/shop/ws/plain/") == 404
        assert told(address, "/ws/plain/") == "/shop /ws/plain/ [] False"
