"""
Notifications by PostgreSQL's NOTIFY, where a site has no Redis. listening.py is who hears them.

They are sent after the commit, in a statement of its own. Inside the transaction none could get
lost, but whoever notifies holds a lock of the whole cluster from before its commit until that is
on disk: all publishers would wait for each other's disk, and a full queue of notifications would
fail their transactions. After the commit nothing has to reach the disk. What is lost with a
process that is killed in between is found by polling.
"""

import json
import os
import uuid
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.utils.crypto import salted_hmac

# What PostgreSQL takes, unless it was built with smaller pages.
MOST_BYTES = 7999

_sender: Tuple[int, str] = (0, "")


def alias() -> str:
    """The database that has the streams; the default one, where the site has none."""
    try:
        # By its label, since this room does not know that one.
        return str(router.db_for_write(apps.get_model("streams", "Stream")))
    except LookupError:
        return DEFAULT_DB_ALIAS


def connection() -> Any:
    """This thread's connection of Django to that database; ValueError if it is no PostgreSQL."""
    return of_postgresql(connections[alias()])


def of_postgresql(found: Any) -> Any:
    """A connection of Django's; ValueError if it is no PostgreSQL."""
    if found.vendor != "postgresql":
        raise ValueError(
            "the database %r is no PostgreSQL, its ENGINE is %r"
            % (found.alias, found.settings_dict.get("ENGINE"))
        )
    return found


def channel() -> str:
    """
    What the processes of this site notify and listen to.

    Every role that may connect to the database may do both; only the site can know this name.
    """
    return "django_bridge_" + salted_hmac(__name__.rpartition(".")[2], "").hexdigest()[:32]


def sender() -> str:
    """What this process signs with, so that it need not listen to itself."""
    global _sender
    if _sender[0] != os.getpid():
        _sender = os.getpid(), uuid.uuid4().hex[:12]
    return _sender[1]


def send(
    group: str,
    message: Dict[str, Any],
    spare: Sequence[str],
    complain: Callable[[Exception], Any],
) -> None:
    """
    Send `message`, without what is under the keys `spare` where that is too long.

    Inside atomic() it is sent after the commit; what goes wrong then is for `complain`.
    """
    database = connection()
    text = payload(group, message, spare)

    def say() -> None:
        with database.cursor() as cursor:
            name = channel()
            cursor.execute("SELECT pg_notify(%s, %s)", [name, text])
            # Behind a pooler this may be the connection of one who has said LISTEN.
            heard = cursor.connection.notifies
            if heard:
                heard[:] = [one for one in heard if one.channel != name]

    def say_quietly() -> None:
        try:
            say()
        except Exception as error:
            complain(error)

    if database.in_atomic_block:  # of somebody to whom an error of ours must not happen
        database.on_commit(say_quietly)
    else:
        say()


def payload(group: str, message: Dict[str, Any], spare: Sequence[str] = ()) -> str:
    """The text that PostgreSQL carries; ValueError for what does not fit."""
    text = _text(group, message)
    if len(text) > MOST_BYTES and spare:
        text = _text(group, {key: value for key, value in message.items() if key not in spare})
    if len(text) > MOST_BYTES:
        raise ValueError(
            "a notification of %d bytes, of which PostgreSQL takes %d" % (len(text), MOST_BYTES)
        )
    return text


def _text(group: str, message: Dict[str, Any]) -> str:
    # In ASCII, whatever the encoding of the database. The message is last, and only read where
    # somebody wants to know of the group.
    return "%s %s %s" % (sender(), group, json.dumps(message, separators=(",", ":")))


def parts(text: str) -> Optional[Tuple[str, str]]:
    """(group, message as JSON) of a payload; None for one of this process, or not of ours."""
    words = text.split(" ", 2)
    if len(words) < 3 or words[0] == sender():
        return None
    return words[1], words[2]
