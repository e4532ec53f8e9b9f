"""What `manage.py check` says of sites whose sockets cannot open, or stay mute."""

import sys
import types

import pytest
from channels.layers import InMemoryChannelLayer
from channels.routing import ProtocolTypeRouter
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError, connection

from compat import _combinations
from compat.checks import channels as checks

IN_MEMORY = "channels.layers.InMemoryChannelLayer"
KOMBU = {"kombu": "4.2.1", "redis": "3.5.3"}
REDIS = "channels_redis.core.RedisChannelLayer"


class Own(InMemoryChannelLayer):
    """A site's."""


async def of_django_3(scope, receive, send):
    """One call, as of ASGI 3."""


def ids(found):
    return [one.id for one in found]


@pytest.mark.parametrize(
    "layers, expected",
    [
        ({}, 1),
        (None, 1),
        ({"other": {"BACKEND": REDIS}}, 1),
        ({"default": {"BACKEND": REDIS}}, 0),
        ({"default": {"BACKEND": IN_MEMORY}}, 1),
        ({"default": {"BACKEND": "tests.compat.checks.test_channels.Own"}}, 1),
        ({"default": {"BACKEND": REDIS}, "local": {"BACKEND": IN_MEMORY}}, 1),
        ({"default": {"BACKEND": "no.such.layer"}}, 0),
        ({"default": {}}, 0),
    ],
)
def test_a_layer_that_ends_at_the_process(settings, layers, expected):
    settings.CHANNEL_LAYERS = layers
    assert ids(checks.check_reach()) == ["compat.W020"] * expected


@pytest.mark.parametrize("way, expected", [("layer", 1), ("postgresql", 0), ("none", 0), ("x", 1)])
def test_who_says_how_else_processes_hear_of_entries_needs_no_layer(settings, way, expected):
    settings.STREAMS_NOTIFICATIONS = way
    for layers in ({}, None):
        settings.CHANNEL_LAYERS = layers
        assert ids(checks.check_reach()) == ["compat.W020"] * expected
    # Whoever has one means to use it.
    for layers in ({"default": {"BACKEND": IN_MEMORY}}, {"other": {"BACKEND": REDIS}}):
        settings.CHANNEL_LAYERS = layers
        assert ids(checks.check_reach()) == ["compat.W020"]


def test_a_site_without_channels_needs_none(settings):
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "channels"]
    settings.CHANNEL_LAYERS, settings.ASGI_APPLICATION = {}, None
    assert checks.check_reach() == checks.check_application(None) == []


@pytest.mark.parametrize("name", [None, ""])
def test_no_application(settings, name):
    settings.ASGI_APPLICATION = name
    assert ids(checks.check_application(None)) == ["compat.W021"]
    del settings.ASGI_APPLICATION
    assert ids(checks.check_application(None)) == ["compat.W021"]


def module(monkeypatch, **names):
    """A site's asgi.py with these names."""
    made = types.ModuleType("site_asgi")
    vars(made).update(names)
    monkeypatch.setitem(sys.modules, "site_asgi", made)
    return "site_asgi.application"


@pytest.mark.parametrize(
    "application, problem",
    [
        (ProtocolTypeRouter({}), ""),
        (lambda scope: None, ""),
        (of_django_3, "does not take a scope alone"),
        (WSGIHandler(), "does not take a scope alone"),
        ("text", "does not take a scope alone"),
    ],
)
def test_what_asgi_py_has(settings, monkeypatch, application, problem):
    settings.ASGI_APPLICATION = module(monkeypatch, application=application)
    found = checks.check_application(None)
    assert [problem in one.msg for one in found] == ([True] if problem else [])


def test_asgi_py_that_asks_for_itself(settings):
    settings.ASGI_APPLICATION = "tests.compat.checks.asgi.application"
    (found,) = checks.check_application(None)
    assert found.id == "compat.W022" and "ImproperlyConfigured" in found.msg
    assert "get_default_application()" in found.hint


def test_a_routing_is_not_imported_by_a_plain_check(settings):
    settings.ASGI_APPLICATION = "no.such.routing.application"
    assert checks.check_application(None) == []


def test_packages_that_cannot_work_together(monkeypatch):
    one = _combinations.found(lambda name: KOMBU.get(name, ""), (3, 6, 8))
    monkeypatch.setattr(_combinations, "found", lambda: one)
    (found,) = checks.check_combinations(None)
    assert found.id == "compat.W024" and "kombu 4.2.1 with redis 3.5.3" in found.msg
    assert "redis<3" in found.hint


@pytest.mark.django_db
def test_tables_that_were_not_migrated(monkeypatch):
    assert checks.check_migrations() == []
    from django.db.migrations.recorder import MigrationRecorder

    applied = MigrationRecorder.applied_migrations
    last = {node for node in applied(MigrationRecorder(connection)) if node[0] == "streams"}
    last = {max(last)}
    monkeypatch.setattr(MigrationRecorder, "applied_migrations", lambda self: applied(self) - last)
    (found,) = checks.check_migrations()
    assert found.id == "compat.W025" and found.msg.endswith(": streams.")


def test_a_file_that_is_not_there_is_not_made(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "vendor", "sqlite")
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "db.sqlite3"))
    (found,) = checks.check_migrations()
    assert found.id == "compat.W025" and "streams" in found.msg
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
def test_a_database_without_tables_gets_none(tmp_path, monkeypatch):
    """Django 1.11 makes the table of migrations where it only asks for them."""
    from django.db.backends.sqlite3.base import DatabaseWrapper

    told = dict(connection.settings_dict, ENGINE="x", NAME=str(tmp_path / "db"), OPTIONS={})
    (tmp_path / "db").write_bytes(b"")
    empty = DatabaseWrapper(told, "default")
    monkeypatch.setattr("django.db.connections", {"default": empty})
    (found,) = checks.check_migrations()
    assert found.id == "compat.W025" and "streams" in found.msg
    assert empty.introspection.table_names() == []
    empty.close()


def test_a_database_that_is_away_is_not_its_matter(monkeypatch):
    def away(*words):
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection.introspection, "table_names", away)
    monkeypatch.setattr(checks, "is_missing_file", lambda connection: False)
    assert checks.check_migrations() == []
