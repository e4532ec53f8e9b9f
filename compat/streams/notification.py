"""The bell: tells followers that a stream has new entries. It may fail; the log does not."""

import logging
import time

from .._throttle import Throttle
from ..channel_layer import layers
from ..channel_layer import subscriber as ear
from .names import group_name

logger = logging.getLogger(__name__)

# Bodies travel with the bell up to this many characters; readers fetch longer ones from the log.
INLINE_CHARACTERS = 32 * 1024
SEND_SECONDS = 2.0
# After a send that timed out nothing is sent for this long: publishing must not crawl.
REST_SECONDS = 5.0

_throttle = Throttle()
_listeners = set()
_rest_until = 0.0


def ring(name, first, texts):
    """Announce the committed entries `texts` (JSON) from sequence `first` on; never raises."""
    global _rest_until
    message = {
        "type": "streams.bell",
        "stream": name,
        "first": first,
        "last": first + len(texts) - 1,
        "at": time.time(),
    }
    if sum(map(len, texts)) <= INLINE_CHARACTERS:
        message["bodies"] = list(texts)
    try:
        for listener in tuple(_listeners):
            listener(message)
        layer = layers.network_layer(members_renew=True)
        if layer is not None and time.monotonic() >= _rest_until:
            group = group_name(name)
            layers.call(lambda: ear.ring(layer, group, message), SEND_SECONDS)
    except Exception as error:
        if isinstance(error, layers.TookTooLong):
            _rest_until = time.monotonic() + REST_SECONDS
        _throttle.log(
            logger.warning,
            "stream entries are stored but could not be announced: %s: %s",
            type(error).__name__,
            error,
        )


def listen(listener):
    """Call `listener(message)` for every bell rung in this process, from any thread."""
    _listeners.add(listener)


def unlisten(listener):
    """Undo listen()."""
    _listeners.discard(listener)
