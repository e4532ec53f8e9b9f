"""Fixtures: databases, Redis and the test site, all real."""

import json
import uuid

import pytest

from tests.support.servers import HOST, Site, start_mariadb, start_postgresql, start_redis


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


def _server(start, folder):
    started = start(str(folder))
    if isinstance(started, str):
        pytest.skip(started)
    server, settings = started
    try:
        Site(settings, folder).run("migrate")
    except BaseException:
        server.stop()
        raise
    return server, settings


@pytest.fixture(scope="session")
def postgresql_settings(tmp_path_factory):
    server, settings = _server(start_postgresql, tmp_path_factory.mktemp("postgresql"))
    yield settings
    server.stop()


@pytest.fixture(scope="session")
def mysql_settings(tmp_path_factory):
    server, settings = _server(start_mariadb, tmp_path_factory.mktemp("mariadb"))
    yield settings
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def database(request):
    """Django's settings of each database in turn."""
    return request.getfixturevalue(request.param + "_settings")


@pytest.fixture
def redis(tmp_path):
    server = start_redis(tmp_path)
    if server is None:
        pytest.skip("no Redis server is installed")
    yield server
    server.stop()


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
