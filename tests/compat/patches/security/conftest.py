"""The databases that a name in SQL must not reach."""

import json

import pytest


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database(request):
    """Each database in turn: the environment of a probe, with Django's settings of it."""
    settings = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    if request.param != "sqlite":
        settings = request.getfixturevalue(request.param).new_database()
    return {"DATABASE": json.dumps(settings)}
