"""A middleware of a real daphne queries the database in the event loop; the database restarts."""

import http.client

import pytest

from tests.support.daphne import daphne
from tests.support.frames import Client
from tests.support.wait import wait_until

NAME = "channels.loop_connections"
# SQLite with a server: whatever was connected before it started again is broken.
BACKEND = """
import os
from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

def starts():
    return os.path.getsize(os.environ["STARTS"])

class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params):
        self.started = starts()
        return super().get_new_connection(conn_params)

    def create_cursor(self, name=None):
        if self.started != starts():
            raise self.Database.OperationalError("server closed the connection unexpectedly")
        return super().create_cursor(name)

    def is_usable(self):
        return self.started == starts()
"""
SITE = '''
import os
import compat
compat.install()
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="x",
    ALLOWED_HOSTS=["a"],
    DATABASES={"default": {
        "ENGINE": "restarting",
        "NAME": os.environ["STARTS"] + ".db",
        "CONN_MAX_AGE": eval(os.environ["AGE"]),
    }},
    INSTALLED_APPS=["channels", "django.contrib.contenttypes", "django.contrib.auth"],
)
django.setup()
from asgiref.sync import async_to_sync
from channels.generic.websocket import AsyncWebsocketConsumer
from compat.sockets import guard
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf.urls import url
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction

call_command("migrate", verbosity=0, run_syncdb=True)
User.objects.get_or_create(username="someone")
connection.close()

class Consumer(AsyncWebsocketConsumer):
    async def connect(self):
        await self.accept()

class Auth:
    def __init__(self, inner):
        self.inner = inner

    def __call__(self, scope):
        return self.inner(dict(scope, user=User.objects.get(username="someone")))

class Page:
    def __init__(self, scope):
        pass

    async def __call__(self, receive, send):
        with transaction.atomic():
            User.objects.count()
        held = connection.connection is not None
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"held" if held else b"closed"})

class Held:
    """Looks without a query."""
    def __init__(self, scope):
        pass

    async def __call__(self, receive, send):
        held = connection.connection is not None
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"held" if held else b"closed"})

application = ProtocolTypeRouter({
    "websocket": guard(URLRouter([url("^$", Consumer)]), auth=Auth),
    "http": URLRouter([url("^held/$", Held), url("^$", Page)]),
})
'''


@pytest.fixture
def site(tmp_path):
    (tmp_path / "loop_site.py").write_text(SITE)
    (tmp_path / "restarting").mkdir()
    (tmp_path / "restarting" / "__init__.py").write_text("")
    (tmp_path / "restarting" / "base.py").write_text(BACKEND)
    (tmp_path / "starts").write_text("x")
    return tmp_path


def serve(site, age, **environ):
    return daphne(
        site, "loop_site:application", STARTS=str(site / "starts"), AGE=str(age), **environ
    )


def restart(site):
    with open(str(site / "starts"), "a") as starts:
        starts.write("x")


def get(address, path="/"):
    connection = http.client.HTTPConnection(*address, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def status(address):
    with Client(address, headers=[b"Origin: http://a"]) as client:
        return client.status


def after_a_restart(site, address):
    """What six handshakes get, and two pages."""
    assert [status(address) for _ in range(3)] == [101] * 3
    restart(site)
    return [status(address) for _ in range(6)]


@pytest.mark.parametrize("age", [0, 5, 600, None])
def test_a_broken_connection_fails_once_at_most(site, age):
    with serve(site, age) as address:
        got = after_a_restart(site, address)
        assert got[1:] == [101] * 5 and got[0] in (101, 500)
        restart(site)
        pages = [get(address)[0] for _ in range(4)]
        assert pages[1:] == [200] * 3
    log = (site / "daphne.log").read_text()
    assert log.count("queries the database in the event loop") == 1
    assert "loop_site.py, line" in log


@pytest.mark.parametrize("age", [0, None])
def test_without_the_patch_it_fails_for_good(site, age):
    with serve(site, age, COMPAT_DISABLE=NAME) as address:
        assert after_a_restart(site, address) == [500] * 6


def test_an_old_connection_is_closed_though_nobody_queries(site):
    with serve(site, 0) as address:
        assert get(address) == (200, b"held")
        wait_until(lambda: get(address, "/held/") == (200, b"closed"), what="it is closed")
    with serve(site, None) as address:
        assert get(address) == (200, b"held")
        assert get(address, "/held/") == (200, b"held")
