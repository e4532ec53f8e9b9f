"""A logout is announced to every process that may have sockets of that session open."""

import hashlib
from typing import Any

from ..channel_layer.notify import notify

GROUP = "sockets.logout"
TYPE = "sockets.logout"


def on_logged_out(sender: Any, request: Any = None, **kwargs: Any) -> None:
    """Receiver of the signal; the session is still there, and is about to be flushed."""
    from django.db import transaction

    from . import session_check

    key = session_check.session_key(getattr(request, "session", None))
    if key is not None:
        # What is rolled back was no logout.
        transaction.on_commit(lambda: announce(digest(key)))


def digest(session_key: str) -> str:
    """What names a session where its key must not be seen."""
    return hashlib.sha256(session_key.encode("utf-8", "replace")).hexdigest()


def announce(session: str) -> None:
    """Tell every process that the session with that digest has ended; never raises."""
    complaint = "a logout could not be announced, sockets close at the next check"
    # Urgent: it would be half a minute late, and there are few.
    notify(GROUP, {"type": TYPE, "session": session}, complaint, urgent=True)
