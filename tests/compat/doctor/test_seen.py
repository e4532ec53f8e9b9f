"""What a process of the site notes for the doctor."""

import asyncio
import threading
from types import SimpleNamespace

import pytest

from compat.doctor import seen


def test_errors_are_noted_in_a_line():
    facts = {"errors": {}}

    def fail(error):
        raise error

    seen.attempt(facts, "a", lambda: fail(ValueError("x\n  y")))
    seen.attempt(facts, "b", lambda: fail(SystemExit(3)))
    caused = OSError("no")
    caused.__cause__ = KeyError("cause")
    seen.attempt(facts, "c", lambda: fail(caused))
    seen.attempt(facts, "d", lambda: None)
    assert facts["errors"] == {
        "a": "ValueError: x y",
        "b": "SystemExit: 3",
        "c": "OSError: no (KeyError: 'cause')",
    }
    assert len(seen.line(ValueError("x" * 1000))) == 312


def test_silence_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(seen, "LIMIT", 0.05)
    event = threading.Event()
    with pytest.raises(TimeoutError, match="no answer within"):
        seen.within(lambda argument: event.wait(20), None)
    event.set()
    told = []
    monkeypatch.setattr(seen, "LIMIT", 20)
    seen.within(told.append, 7)
    assert told == [7]
    with pytest.raises(KeyError):
        seen.within({}.__getitem__, 7)


@pytest.mark.parametrize(
    "layers, name", [({}, None), ({"default": {"BACKEND": "x"}}, "x"), (None, None)]
)
def test_what_settings_say(settings, monkeypatch, layers, name):
    import django

    monkeypatch.setattr(django, "setup", lambda: None)
    settings.CHANNEL_LAYERS, settings.ALLOWED_HOSTS, settings.DEBUG = layers, ("a", "b"), True
    facts = {}
    seen.site(facts)
    assert facts.pop("notifications") == "layer"
    (one, other), facts["cookies"] = facts["cookies"], []
    assert facts == {
        "allowed_hosts": ["a", "b"], "debug": True, "layer": name, "cookies": [], "origins": None,
        "proxy_ssl_header": settings.SECURE_PROXY_SSL_HEADER, "ssl_redirect": False,
    }  # fmt: skip
    assert [one["kind"], other["kind"]] == ["SESSION", "CSRF"]
    assert one["name"] == settings.SESSION_COOKIE_NAME and other["path"] == "/"
    settings.STREAMS_NOTIFICATIONS = "PostgreSQL"
    settings.SOCKETS_ORIGINS = ("None", "https://a.example")
    seen.site(facts)
    assert facts["origins"] == ["None", "https://a.example"]
    assert facts["notifications"] == "postgresql"


@pytest.fixture
def default(django_db_blocker, settings):
    """default(settings) gives the database "default" other settings, and a new connection."""
    from django.db import connections

    before, connection = connections.databases["default"], connections["default"]

    def become(database):
        connections["default"].close()
        connections.databases["default"] = database
        del connections["default"]

    with django_db_blocker.unblock():
        yield become
        connections["default"].close()
    connections.databases["default"] = before
    connections["default"] = connection


def test_whether_postgresql_tells(postgresql, default, monkeypatch, settings):
    from django.db.utils import ConnectionDoesNotExist

    facts = {}
    with pytest.raises(ValueError, match="the database default is no PostgreSQL"):
        seen.notify(facts)
    default(postgresql.new_database())
    monkeypatch.setattr(seen, "PATIENCE", 30)  # on a busy machine
    seen.notify(facts)
    assert facts == {"heard": True}
    settings.STREAMS_NOTIFICATIONS_DATABASE = "elsewhere"
    with pytest.raises(ConnectionDoesNotExist, match="elsewhere"):
        seen.notify(facts)


def test_a_pooler_keeps_it_to_itself(postgresql, pooled, default, monkeypatch, settings):
    from django.db import connections

    facts, direct = {}, postgresql.new_database()
    default(pooled(direct, "transaction"))
    monkeypatch.setattr(seen, "PATIENCE", 0.3)
    seen.notify(facts)
    assert facts == {"heard": False}
    monkeypatch.setattr(seen, "PATIENCE", 30)  # on a busy machine
    monkeypatch.setitem(connections.databases, "direct", direct)
    settings.STREAMS_NOTIFICATIONS_DATABASE = "direct"
    try:
        seen.notify(facts)
    finally:
        connections["direct"].close()
        del connections["direct"]  # or it is that of the next test that says so
    assert facts == {"heard": True}


@pytest.mark.parametrize(
    "asked, layer, errors, said",
    [
        ({}, None, {}, ["site", "databases", "folders"]),
        ({"application": "m:a"}, "x", {}, ["load", "site", "databases", "folders", "talk"]),
        ({}, "x", {"settings": "no"}, ["site"]),
    ],
)
def test_all_is_looked_at_where_there_are_settings(monkeypatch, asked, layer, errors, said):
    done, told = [], []

    def note(name):
        def function(*arguments):
            done.append(name)
            if name == "site":
                arguments[0].update(layer=layer)
                arguments[0]["errors"].update(errors)

        return function

    for name in ("load", "site", "databases", "folders", "talk"):
        monkeypatch.setattr(seen, name, note(name))
    monkeypatch.setattr(seen, "run", lambda found: None)
    monkeypatch.setattr(seen, "say", told.append)
    monkeypatch.setattr(seen.os, "_exit", told.append)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "mysite.settings")
    seen.main(dict(asked, bridges=["compat", "none"]))
    assert done == said and told[-1] == 0 and len(told) == 2 + ("settings" not in errors)
    assert told[0]["settings"] == "mysite.settings" and told[0]["bridge"] == "compat"


def test_what_was_received_is_told_alone(monkeypatch):
    told = []
    monkeypatch.setattr(seen, "site", lambda facts: facts.update(received=False, layer=None))
    monkeypatch.setattr(seen, "databases", lambda facts: None)
    monkeypatch.setattr(seen, "folders", lambda facts: None)
    monkeypatch.setattr(seen, "say", told.append)
    monkeypatch.setattr(seen.os, "_exit", told.append)
    seen.main({"bridges": []})
    assert told[-2:] == [{"received": False}, 0]


class Layer:
    """A channel layer that keeps what it is told."""

    def __init__(self, *settings):
        self.said, self.settings = [], list(settings)
        if settings:
            self.connection = self.connect

    async def group_send(self, group, message):
        self.said.append(("send", group, message["type"]))

    async def group_add(self, group, channel):
        self.said.append(("add", group, channel))

    async def new_channel(self):
        return "mine"

    def connect(self, index):
        layer = self

        class Connection:
            async def __aenter__(self):
                return self

            async def __aexit__(self, *_):
                pass

            async def execute(self, *words):
                found = layer.settings.pop(0)
                if isinstance(found, Exception):
                    raise found
                return [words[-1].encode(), found]

        return Connection()


@pytest.mark.parametrize(
    "asked, settings, said, channel, policy",
    [
        ({"send": "g"}, (), [("send", "g", "doctor")], None, "absent"),
        ({"listen": "g"}, (), [("add", "g", "mine")], "mine", "absent"),
        ({}, (b"0", b"allkeys-lru"), [], None, None),
        ({}, (b"100", b"allkeys-lru"), [], None, "allkeys-lru"),
        ({}, (OSError("refused"),), [], None, None),
    ],
)
def test_a_layer_is_used(asked, settings, said, channel, policy):
    layer, facts = Layer(*settings), {}
    loop = asyncio.new_event_loop()
    try:
        assert loop.run_until_complete(seen.join(layer, facts, asked)) == channel
    finally:
        loop.close()
    assert layer.said == said and facts.get("eviction", "absent") == policy


@pytest.mark.parametrize("writable", [True, False])
def test_folders_of_the_site_are_looked_at(monkeypatch, settings, tmp_path, writable):
    from django.db import connections

    media, base = tmp_path / "media" / "deep", tmp_path / "db.sqlite3"
    base.write_text("")
    settings.MEDIA_ROOT = str(media)  # made when the first file comes
    one = SimpleNamespace(vendor="sqlite", settings_dict={"NAME": str(base)})
    memory = SimpleNamespace(vendor="sqlite", settings_dict={"NAME": ":memory:"})
    other = SimpleNamespace(vendor="mysql", settings_dict={"NAME": "site"})
    made = {"default": one, "memory": memory, "other": other}
    monkeypatch.setattr("django.db.connections", made)
    monkeypatch.setattr(seen.os, "access", lambda path, mode: writable)
    facts = {}
    seen.folders(facts)
    places = [path for path, _, _ in facts["free"]]
    assert {str(media), str(base), str(tmp_path)} <= set(places) and len(places) == 4
    assert all(free > 0 and 0 < part <= 1 for _, free, part in facts["free"])
    texts = [] if writable else facts["unwritable"]
    assert len(facts["unwritable"]) == len(texts) == (0 if writable else 4)
    if not writable:
        assert "%s, MEDIA_ROOT" % media in texts and "%s, the database default" % base in texts
    # A path below a file is no folder.
    settings.MEDIA_ROOT = str(base / "below")
    monkeypatch.setattr(seen.os, "access", lambda path, mode: True)
    seen.folders(facts)
    assert facts["unwritable"] == ["%s, MEDIA_ROOT" % (base / "below")]
    assert connections is not made


@pytest.mark.django_db
def test_whose_tables_are_missing(monkeypatch):
    from django.db import connection, router
    from django.db.migrations.recorder import MigrationRecorder

    monkeypatch.setattr(connection, "close", lambda: None)  # the test's transaction goes on

    def unmigrated(**errors):
        facts = {"errors": errors}
        seen.TABLES["migrations"](facts)
        return facts["unmigrated"]

    assert unmigrated() == {}
    applied = MigrationRecorder.applied_migrations
    last = max(node for node in applied(MigrationRecorder(connection)) if node[0] == "streams")
    monkeypatch.setattr(
        MigrationRecorder, "applied_migrations", lambda self: applied(self) - {last}
    )
    assert unmigrated() == {"default": ["streams"]}
    assert unmigrated(**{"database default": "OSError: no"}) == {}
    monkeypatch.setattr(router, "allow_migrate_model", lambda alias, model: False)
    assert unmigrated() == {}


@pytest.mark.parametrize(
    "vendor, name, said",
    [
        ("sqlite", "{}/new", True),
        ("sqlite", "{}/none/new", False),
        ("sqlite", "{}/old", False),
        ("sqlite", ":memory:", False),
        ("sqlite", "file:{}/new", False),
        ("postgresql", "new", False),
    ],
)
def test_whether_asking_makes_a_file(tmp_path, vendor, name, said):
    (tmp_path / "old").write_bytes(b"")
    one = SimpleNamespace(vendor=vendor, settings_dict={"NAME": name.format(tmp_path)})
    assert seen.TABLES["would_make"](one) is said


def test_copies_that_are_imported():
    (one,) = seen.copies(["compat", "none_such", "json"])
    assert (one["name"], one["listed"]) == ("compat", True)
    assert seen.is_listed("compat", ["compat.apps.CompatConfig"])
    assert not seen.is_listed("compat", ["compatible"])
