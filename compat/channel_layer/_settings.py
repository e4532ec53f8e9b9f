"""What a site may set for notifications: how processes tell each other that something is new."""

from .._kinds import OneOf, Text
from .._settings import Setting

LAYER, POSTGRESQL, NONE = "layer", "postgresql", "none"


def fits(way: str) -> None:
    """ValueError for "postgresql" where the log of the streams is elsewhere."""
    if way == POSTGRESQL:
        from .postgresql import connection

        connection()


def listens(alias: str) -> None:
    """ValueError for an alias in whose database nobody can listen."""
    from django.db import connections

    from .postgresql import of_postgresql

    if alias not in connections.databases:
        raise ValueError("DATABASES has no %r" % alias)
    of_postgresql(connections[alias])


NOTIFICATIONS = Setting(
    "STREAMS_NOTIFICATIONS",
    OneOf([LAYER, POSTGRESQL, NONE]),
    LAYER,
    'How other processes hear of new entries and of logouts: "layer" is the channel layer, '
    '"postgresql" NOTIFY in the PostgreSQL that has the streams, without Redis; with "none" '
    "entries are found every STREAMS_POLL_SECONDS and logouts every SOCKETS_RECHECK_SECONDS.",
    "Streams",
    live=False,
    try_out=fits,
)
DATABASE = Setting(
    "STREAMS_NOTIFICATIONS_DATABASE",
    Text("an alias of DATABASES"),
    None,
    'Where STREAMS_NOTIFICATIONS = "postgresql" listens: the alias of an entry of DATABASES that '
    "reaches the same database without a pooler, where the streams' own goes through one in "
    "transaction mode.",
    "Streams",
    live=False,
    try_out=listens,
    shown="the database that has the streams",
)
