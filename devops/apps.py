"""SQLite for many processes: the write-ahead log, on every connection, and a private file."""

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
