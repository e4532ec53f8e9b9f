"""SQLite for many processes: the write-ahead log, on every connection of this site."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class DevopsConfig(AppConfig):
    name = "devops"

    def ready(self):
        connection_created.connect(use_write_ahead_log, dispatch_uid="devops.sqlite")


def use_write_ahead_log(connection, **kwargs):
    """Readers do not block the writer; `NORMAL` stays consistent through a crash of a process."""
    if connection.vendor == "sqlite":
        cursor = connection.cursor()
        try:
            cursor.execute("PRAGMA journal_mode=wal")
            cursor.execute("PRAGMA synchronous=normal")
        finally:
            cursor.close()
