"""What a site may set for notifications: how processes tell each other that something is new."""

from .._kinds import OneOf
from .._settings import Setting

LAYER, POSTGRESQL, NONE = "layer", "postgresql", "none"


def fits(way: str) -> None:
    """ValueError for "postgresql" where the log of the streams is elsewhere."""
    if way == POSTGRESQL:
        from .postgresql import connection

        connection()


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
