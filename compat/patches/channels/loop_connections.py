"""
Renew the database connection of the event loop's thread when it broke or is older than its
CONN_MAX_AGE, and say once that the ORM blocks the loop.

Django renews connections between requests, channels around what runs in a thread. What a consumer
or a middleware asks in the event loop itself came before neither: after one restart of the database
everything that asked there failed, for good. Nothing is closed within a transaction, nor while it
is in use, so that an iterator goes on over an `await`.
https://github.com/django/channels/issues/871
"""

import functools
import sys
import time

from ...patching.patch import Patch, warn

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.0,<3.0",
    requires={"django": ">=1.11,<3.0"},  # later ones refuse such queries
    symptom="after a restart of the database every handshake is a 500, where a consumer queries it",
)

IDLE = 1.0  # seconds without a query after which an old connection is closed
DJANGO = ("django.",)


@patch.when_imported("django.db.backends.base.base")
def repair(base):
    wrapper = base.BaseDatabaseWrapper
    stock = wrapper.ensure_connection
    patch.expect(
        hasattr(wrapper, "is_usable") and hasattr(wrapper, "close_if_unusable_or_obsolete"),
        "connections are renewed in another way",
    )
    told = []

    @functools.wraps(stock)
    def ensure_connection(self):
        loop = running_loop()
        if loop is not None and not self.in_atomic_block:
            if not told:
                told.append(True)
                warn(MESSAGE, caller())
            renew(self)
            watch(self, loop)
        return stock(self)

    patch.replace(wrapper, "ensure_connection", ensure_connection)


MESSAGE = (
    "%s queries the database in the event loop: nobody else is served meanwhile; "
    "database_sync_to_async() does it in a thread"
)


def running_loop():
    """The event loop that runs in this thread, or None."""
    events = sys.modules.get("asyncio.events")
    return None if events is None else events._get_running_loop()


def caller():
    """The file and line of the site that asks."""
    frame = sys._getframe(2)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if not module.startswith(DJANGO) and module != __name__:
            return "%s, line %d," % (frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return "The site"


def renew(connection):
    """Close a connection that is no good; the next query makes another."""
    if connection.connection is None:
        return
    if connection.errors_occurred:
        if connection.is_usable():
            connection.errors_occurred = False
        else:
            connection.close()
            return
    if is_old(connection):
        connection.close()


def is_old(connection):
    """Whether a connection has outlived CONN_MAX_AGE, and nobody has used it for a while."""
    now = time.monotonic()
    used = getattr(connection, "compat_used", now)
    return (
        connection.close_at is not None
        and connection.close_at <= time.time()
        and (now - used >= IDLE)
    )


def watch(connection, loop):
    """Look again when the connection may have been idle for long enough."""
    connection.compat_used = time.monotonic()
    if getattr(connection, "compat_watched", None) is not loop:
        connection.compat_watched = loop
        loop.call_later(IDLE, look, connection, loop)


def look(connection, loop):
    """Close the connection if it is old by now, and else look again, if ever."""
    connection.compat_watched = None
    if connection.connection is None:
        return
    if not connection.in_atomic_block:
        renew(connection)
    if connection.connection is not None and connection.close_at is not None:
        connection.compat_watched = loop
        again = max(IDLE, connection.close_at - time.time())
        loop.call_later(again, look, connection, loop)
