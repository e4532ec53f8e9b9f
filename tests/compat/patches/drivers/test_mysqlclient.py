"""mysqlclient is compiled, so the environment may be without it: then these are skipped."""

import json

import pytest

from tests.support.probe import prove, source

MySQLdb = pytest.importorskip("MySQLdb", reason="mysqlclient is not installed")


@source
def start():
    global connection, gc, mark_safe, weakref
    import gc
    import json
    import os
    import weakref

    import django
    from django.conf import settings

    settings.configure(DATABASES={"default": json.loads(os.environ["DATABASE"])})
    django.setup()
    from django.db import connection
    from django.utils.safestring import mark_safe


@source(start)
def safe(connection, gc, mark_safe, weakref):
    with connection.cursor() as cursor:
        cursor.execute("SET sql_mode = 'NO_BACKSLASH_ESCAPES'")
        cursor.execute("SELECT %s, %s", [mark_safe("it's"), mark_safe("na\u00efve \\' -- ")])
        print(cursor.fetchone())
        cursor.execute("SELECT HEX(%s), CHARSET(%s)", [mark_safe(b"\xff'"), mark_safe(b"a")])
        print(cursor.fetchone()[0])
    gone = weakref.ref(connection.connection)
    gc.disable()
    connection.close()
    print(gone())


@source(start)
def shown(connection):
    from django.db import models

    class Thing(models.Model):
        class Meta:
            app_label = "things"

    field = models.CharField(max_length=9, default="it's \u00e9")
    field.set_attributes_from_name("name")
    with connection.schema_editor(collect_sql=True) as editor:
        editor.add_field(Thing, field)
    print(editor.collected_sql[0])


@pytest.fixture(scope="module")
def database(mariadb):
    return {"DATABASE": json.dumps(mariadb.new_database())}


NEW = getattr(MySQLdb, "version_info", (0,)) >= (2, 1)


def test_safe_strings_are_sent_as_strings_and_connections_are_freed(database):
    prove(
        "drivers.mysqlclient_encoders",
        safe,
        good='("it\'s", "na\u00efve \\\\\' -- ")\nFF27\nNone',
        bad="KeyError: <class ",
        needed=NEW,
        env=database,
    )


def test_a_migration_s_default_is_shown_as_sql(database):
    prove(
        "drivers.mysqlclient_escape",
        shown,
        good="ALTER TABLE `things_thing` ADD COLUMN `name` varchar(9)"
        " DEFAULT 'it\\'s \u00e9' NOT NULL;",
        bad="has no attribute 'escape'",
        needed=NEW,
        env=database,
    )


def test_queries_are_told(database):
    @source(start)
    def code(connection):
        connection.force_debug_cursor = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s", ["na\u00efve"])
            cursor.executemany("SELECT %s", [[1], [2]])
        print([query["sql"] for query in connection.queries[-2:]])

    prove(
        "drivers.mysqlclient_queries",
        code,
        good="[\"SELECT 'na\u00efve'\", '2 times: SELECT %s']",
        bad="['None', ",
        needed=MySQLdb.version_info >= (1, 3, 14),
        env=database,
    )
