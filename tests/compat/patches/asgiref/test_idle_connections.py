"""Threads of a real daphne, and of a loop that is closed, and their database connections."""

import http.client

import pytest

from tests.support.daphne import daphne
from tests.support.frames import Client
from tests.support.probe import prove, source
from tests.support.wait import wait_until

NAME = "asgiref.idle_connections"


@source
def open():
    import os

    def opened():
        folder = "/proc/self/fd/"
        found = [os.path.realpath(folder + fd) for fd in os.listdir(folder)]
        return sum(path == os.path.realpath("threads.db") for path in found)


SITE = (
    """
import compat
compat.install()
"""
    + open
    + """
import asyncio
from django.conf import settings
settings.configure(
    SECRET_KEY="x",
    INSTALLED_APPS=["channels"],
    DATABASES={"default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": "threads.db",
        "CONN_MAX_AGE": eval(os.environ["AGE"]),
    }},
)
import django
django.setup()
import threading
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.db import connection

meet = threading.Barrier(6)

def query():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    try:
        meet.wait(5)  # so that six threads have one each
    except threading.BrokenBarrierError:
        pass

class application:
    def __init__(self, scope):
        self.scope = scope

    async def __call__(self, receive, send):
        if self.scope["type"] == "websocket":
            kind = sync_to_async if self.scope["path"] == "/plain/" else database_sync_to_async
            await send({"type": "websocket.accept"})
            await kind(query)()
            await send({"type": "websocket.send", "text": "done"})
            await asyncio.sleep(3600)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(opened()).encode()})
"""
)
CLOSED = (
    open
    + """
import asyncio
from django.conf import settings
settings.configure(DATABASES={"default": {
    "ENGINE": "django.db.backends.sqlite3", "NAME": "threads.db", "CONN_MAX_AGE": 60,
}})
import django
django.setup()
from channels.db import database_sync_to_async
from django.db import connection

def query():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(database_sync_to_async(query)())
assert opened() == 1
loop.close()
print(opened())
os.remove("threads.db")
"""
)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "threads_site.py").write_text(SITE)
    return tmp_path


def opened(address):
    connection = http.client.HTTPConnection(*address, timeout=30)
    try:
        connection.request("GET", "/")
        return int(connection.getresponse().read().decode())
    finally:
        connection.close()


def queried(address, path):
    """Six sockets with a query each at the same time; all stay open."""
    clients = [Client(address, path) for _ in range(6)]
    for client in clients:
        assert client.receive() == ("text", "done")
    return clients


def serve(site, age, **environ):
    soon = {"COMPAT_DRAIN_SECONDS": "1", "ASGI_THREADS": "6", "AGE": str(age)}
    return daphne(site, "threads_site:application", **dict(soon, **environ))


@pytest.mark.parametrize("path", ["/", "/plain/"])
def test_they_are_closed_when_they_are_old(site, path):
    with serve(site, 3) as address:
        clients = queried(address, path)
        assert opened(address) == 6
        wait_until(lambda: opened(address) == 0, what="all are closed")
        clients += queried(address, path)  # and others are made


def test_those_that_may_stay_do(site):
    with serve(site, 600) as address:
        clients = queried(address, "/")
        wait_until(lambda: opened(address) == 6, what="one a thread")
        assert len(clients) == opened(address)


def test_without_the_patch_they_stay(site):
    with serve(site, 1, COMPAT_DISABLE=NAME) as address:
        clients = queried(address, "/")
        with Client(address, "/") as late:  # alone at the barrier for 5 seconds: all are old
            late.socket.settimeout(30)
            assert late.receive() == ("text", "done")
        assert opened(address) >= len(clients) - 1


def test_a_closed_loop_leaves_none():
    prove(NAME, CLOSED, good="0", bad="1")
