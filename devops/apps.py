"""SQLite for many processes: who waits for the lock waits, and the file is private."""

import os

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from compat.settings import register
from deploy_conf.settings import RECORDS


class DevopsConfig(AppConfig):
    name = "devops"

    def ready(self):
        for record in RECORDS:  # deploy_conf knows no bridge; `manage.py check` shall know them all
            register(record)
        connection_created.connect(use_write_ahead_log, dispatch_uid="devops.sqlite")
        connection_created.connect(lock_at_once, dispatch_uid="devops.sqlite.lock")


def use_write_ahead_log(connection, **kwargs):
    """Readers do not block the writer; `NORMAL` stays consistent through a crash of a process."""
    if connection.vendor == "sqlite":
        keep_private(connection.settings_dict["NAME"])
        cursor = connection.cursor()
        try:
            cursor.execute("PRAGMA journal_mode=wal")
            cursor.execute("PRAGMA synchronous=normal")
        finally:
            cursor.close()


def lock_at_once(connection, **kwargs):
    """
    A transaction has the lock from its beginning, for which it waits (`timeout`).

    Where it reads before it writes, and somebody else has written in between, SQLite cannot wait:
    "database is locked" at once, say in the admin while a service writes its output.
    https://code.djangoproject.com/ticket/29280
    """
    if connection.vendor == "sqlite":

        def begin():
            with connection.cursor() as cursor:
                cursor.execute("BEGIN IMMEDIATE")

        connection._start_transaction_under_autocommit = begin


def keep_private(path):
    """A new database is nobody else's to read; SQLite's other files get the mode of this one."""
    if ":memory:" in path or path.startswith("file:"):
        return
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o660))
    except FileExistsError:
        if os.path.getsize(path):
            return  # somebody's, who may have reasons
    except OSError:
        return  # SQLite says what is wrong
    os.chmod(path, os.stat(path).st_mode & 0o770)
