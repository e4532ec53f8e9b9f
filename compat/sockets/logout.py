"""A logout is announced to every process that may have sockets of that session open."""

import hashlib
import logging

from .._throttle import Throttle
from ..channel_layer import layers

logger = logging.getLogger(__name__)

GROUP = "sockets.logout"
TYPE = "sockets.logout"
SEND_SECONDS = 2.0

_throttle = Throttle()
_listeners = set()


def on_logged_out(sender, request=None, **kwargs):
    """Receiver of the signal; the session is still there, and is about to be flushed."""
    from django.db import transaction

    from . import session_check as standing

    key = standing.session_key(getattr(request, "session", None))
    if key is not None:
        # What is rolled back was no logout.
        transaction.on_commit(lambda: announce(digest(key)))


def digest(session_key):
    """What names a session where its key must not be seen."""
    return hashlib.sha256(session_key.encode("utf-8", "replace")).hexdigest()


def announce(session):
    """Tell every process that the session with that digest has ended; never raises."""
    message = {"type": TYPE, "session": session}
    try:
        for listener in tuple(_listeners):
            listener(message)
        layer = layers.network_layer(members_renew=True)
        if layer is not None:
            layers.group_send(layer, GROUP, message, SEND_SECONDS)
    except Exception as error:
        _throttle.log(
            logger.warning,
            "a logout could not be announced, sockets close at the next check: %s: %s",
            type(error).__name__,
            error,
        )


def listen(listener):
    """Call `listener(message)` for every logout in this process, from any thread."""
    _listeners.add(listener)


def unlisten(listener):
    """Undo listen()."""
    _listeners.discard(listener)
