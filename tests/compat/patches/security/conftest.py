"""The databases that a name in SQL must not reach."""

import json
import tempfile

import pytest

from tests.support.servers import start_mariadb, start_postgresql


def served(start):
    # Not below pytest's folder: the server runs as a user that must not look into that.
    with tempfile.TemporaryDirectory(prefix="probe-sql-") as folder:
        started = start(folder)
        if isinstance(started, str):
            pytest.skip(started)
        yield {"DATABASE": json.dumps(started[1])}
        started[0].stop()


@pytest.fixture(scope="session")
def sqlite():
    yield {"DATABASE": json.dumps({"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"})}


@pytest.fixture(scope="session")
def postgresql():
    yield from served(start_postgresql)


@pytest.fixture(scope="session")
def mariadb():
    yield from served(start_mariadb)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database(request):
    """Each database in turn: the environment of a probe, with Django's settings of it."""
    return request.getfixturevalue(request.param)
