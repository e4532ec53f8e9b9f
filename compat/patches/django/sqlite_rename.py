"""
Keep foreign keys pointing at a SQLite table while a migration rebuilds it.

The table is renamed to "…__old" and made anew; SQLite now takes the references along.
https://code.djangoproject.com/ticket/29182
"""

import contextlib
import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions="<2.0.10",
    symptom="after a migration alters a table, others refer to a <table>__old that is gone",
)


@patch.when_imported("django.db.backends.sqlite3.schema")
def repair(schema):
    editor = schema.DatabaseSchemaEditor
    remake = editor._remake_table
    patch.expect("__old" in remake.__code__.co_consts, "tables are not rebuilt through __old")

    @functools.wraps(remake)
    def _remake_table(self, *args, **kwargs):
        with references_staying(self):
            return remake(self, *args, **kwargs)

    patch.replace(editor, "_remake_table", _remake_table)


@contextlib.contextmanager
def references_staying(editor):
    """ALTER TABLE … RENAME changes that table and no other, as before SQLite 3.26.

    Through `editor.execute`, so that `sqlmigrate` shows the statements too.
    """
    with editor.connection.cursor() as cursor:
        cursor.execute("PRAGMA legacy_alter_table")
        row = cursor.fetchone()
    if row is None or row[0]:  # SQLite does so by itself, or has been told to
        yield
        return
    editor.execute("PRAGMA legacy_alter_table = 1")
    try:
        yield
        if editor.collect_sql:
            editor.execute("PRAGMA legacy_alter_table = 0")
    finally:
        # Past Django's cursor, which refuses to work in a transaction that has failed.
        editor.connection.connection.execute("PRAGMA legacy_alter_table = 0")
