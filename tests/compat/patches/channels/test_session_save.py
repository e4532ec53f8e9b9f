"""A real daphne saves sessions in a database that is locked for a while."""

import concurrent.futures
import http.client
import socket
import sqlite3
import time

import pytest

from tests.support.daphne import daphne
from tests.support.probe import probe, source

NAME = "channels.session_save"
SITE = """
import compat
compat.install()
import json, os
from django.conf import settings
settings.configure(
    SECRET_KEY="probe",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="site_of_probe",
    MIDDLEWARE=[],
    INSTALLED_APPS=["django.contrib.sessions"],
    SESSION_ENGINE="site_of_probe",
    SESSION_SAVE_EVERY_REQUEST=bool(os.environ.get("EVERY_REQUEST")),
    DATABASES={"default": {
        "ENGINE": "django.db.backends.sqlite3", "NAME": "db", "OPTIONS": {"timeout": 20}}},
)
import django
django.setup()
from channels.db import database_sync_to_async
from channels.generic.http import AsyncHttpConsumer
from channels.http import AsgiHandler
from channels.sessions import SessionMiddlewareStack
from django.conf.urls import url
from django.contrib.sessions.backends import db
from django.core.management import call_command
from django.http import HttpResponse

call_command("migrate", verbosity=0)

class SessionStore(db.SessionStore):
    def save(self, must_create=False):
        open("saving", "w").close()
        super().save(must_create)

class Site(AsyncHttpConsumer):
    async def handle(self, body):
        session = self.scope["session"]
        if self.scope["path"] == "/write/":
            session["word"] = "kept"
        if self.scope["path"] == "/flush/":
            await database_sync_to_async(session.flush)()
        word = await database_sync_to_async(session.get)("word", "nothing")
        await self.send_response(200, word.encode())

urlpatterns = [url("", lambda request: HttpResponse("viewed"))]

def route(scope):
    return (AsgiHandler if scope["path"] == "/view/" else Site)(scope)

application = SessionMiddlewareStack(route)
"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site_of_probe.py").write_text(SITE)
    return tmp_path


def get(address, path, cookie="", seconds=30):
    """(body, cookies that were set)"""
    connection = http.client.HTTPConnection(*address, timeout=seconds)
    try:
        connection.request("GET", path, headers={"Cookie": cookie})
        response = connection.getresponse()
        assert response.status == 200
        return response.read().decode(), response.headers.get_all("Set-Cookie", [])
    finally:
        connection.close()


def during_a_save(site, address):
    """What another visitor is told while a session waits for the database."""
    lock = sqlite3.connect(str(site / "db"), isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        try:
            writing = pool.submit(get, address, "/write/")
            deadline = time.monotonic() + 20
            while not (site / "saving").exists():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            try:
                return get(address, "/", seconds=15 if patched(site) else 2)[0]
            except socket.timeout:
                return "no answer"
        finally:
            lock.execute("ROLLBACK")
            lock.close()
            assert writing.result()[0] == "kept"


def patched(site):
    return not (site / "disabled").exists()


def test_other_visitors_are_served_meanwhile(site):
    with daphne(site, "site_of_probe:application") as address:
        assert during_a_save(site, address) == "nothing"


def test_without_the_patch_the_server_stands_still(site):
    (site / "disabled").touch()
    with daphne(site, "site_of_probe:application", COMPAT_DISABLE=NAME) as address:
        assert during_a_save(site, address) == "no answer"


def test_sessions_and_their_cookies_stay_right(site):
    with daphne(site, "site_of_probe:application") as address:
        body, (cookie,) = get(address, "/write/")
        cookie = cookie.strip().split(";")[0]
        assert body == "kept" and cookie.startswith("sessionid=")
        assert get(address, "/read/", cookie) == ("kept", [])
        body, (deleted,) = get(address, "/flush/", cookie)
        assert body == "nothing" and "Max-Age=0" in deleted
        assert get(address, "/read/", cookie) == ("nothing", [])


def test_a_view_can_wait_for_the_save_with_one_thread(site):
    with daphne(site, "site_of_probe:application", ASGI_THREADS="1", EVERY_REQUEST="1") as address:
        assert get(address, "/view/") == ("viewed", [])
    assert (site / "saving").exists()


@source
def refused(compat):
    global channels
    from django.conf import settings

    settings.configure()
    import channels.sessions

    [record] = [r for r in compat.report() if r["name"] == "channels.session_save"]
    print(record["state"], record["reason"])


def test_it_is_refused_where_a_thread_could_wait_for_itself():
    said = probe(refused, disable="asgiref.thread_pool").said
    assert said == "refused channels.sessions: it needs asgiref.thread_pool"
