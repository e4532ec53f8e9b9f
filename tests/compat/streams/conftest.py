"""Fixtures: databases, Redis and the test site, all real; and a reader that is told by hand."""

import asyncio
import json
import uuid

import pytest

from compat.streams import follower, store
from tests.support.servers import HOST
from tests.support.sites.streams import Site
from tests.support.virtual_time import JumpingLoop

from .by_hand import following, settle


@pytest.fixture
def announced(monkeypatch):
    """What was announced, as (stream, first number, texts, epoch)."""
    found = []
    monkeypatch.setattr(store.notification, "announce", lambda *arguments: found.append(arguments))
    return found


@pytest.fixture(scope="session")
def sqlite_settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sqlite")
    settings = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(folder / "db.sqlite3"),
        "OPTIONS": {"timeout": 10},
    }
    Site(settings, folder).run("migrate")
    return settings


def _migrated(server, folder):
    settings = server.new_database()
    Site(settings, folder).run("migrate")
    return settings


@pytest.fixture(scope="session")
def postgresql_settings(postgresql, tmp_path_factory):
    return _migrated(postgresql, tmp_path_factory.mktemp("postgresql"))


@pytest.fixture(scope="session")
def mysql_settings(mariadb, tmp_path_factory):
    return _migrated(mariadb, tmp_path_factory.mktemp("mariadb"))


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def database(request):
    """Django's settings of each database in turn."""
    return request.getfixturevalue(request.param + "_settings")


@pytest.fixture
def layer(redis):
    """The site's channel layer setting for that Redis."""
    return json.dumps([[HOST, redis.port]])


@pytest.fixture
def make_site(tmp_path):
    """Makes sites: make_site(database, layer, poll=…); their servers end with the test."""
    sites = []

    def make(*args, **settings):
        sites.append(Site(args[0], tmp_path, *args[1:], **settings))
        return sites[-1]

    yield make
    for site in sites:
        site.close()


@pytest.fixture
def stream():
    """A stream name that no other test uses."""
    return "test:" + uuid.uuid4().hex


@pytest.fixture
def loop():
    loop = JumpingLoop()
    asyncio.set_event_loop(loop)
    yield loop
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture
def run(loop, monkeypatch):
    """run(scenario, *log): the scenario with a hub that has that log."""

    def call(scenario, *log, **options):
        async def main():
            await scenario(following(monkeypatch, follower, *log, **options))
            await settle()

        loop.run_until_complete(main())
        tasks = getattr(asyncio, "all_tasks", None) or asyncio.Task.all_tasks
        assert not [task for task in tasks(loop) if not task.done()]

    return call


@pytest.fixture
def closed(monkeypatch):
    """The codes that are counted."""
    counted = []

    class Closed:
        def labels(self, code):
            counted.append(code)
            return self

        def inc(self):
            pass

    monkeypatch.setattr(follower.stats, "closed", Closed())
    return counted
