"""The databases that a name in SQL must not reach."""

import json

import pytest

# Each fixture is the environment of a probe, with Django's settings of a database.


@pytest.fixture
def on_sqlite():
    return {"DATABASE": json.dumps({"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"})}


@pytest.fixture
def on_postgresql(postgresql):
    return {"DATABASE": json.dumps(postgresql.new_database())}


@pytest.fixture
def on_mariadb(mariadb):
    return {"DATABASE": json.dumps(mariadb.new_database())}


@pytest.fixture(params=["on_sqlite", "on_postgresql", "on_mariadb"])
def database(request):
    """Each in turn."""
    return request.getfixturevalue(request.param)
