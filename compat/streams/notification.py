"""What followers are told of new entries. It may get lost; the log does not."""

import time
from typing import Sequence

from ..channel_layer.notify import notify
from .names import group_name

TYPE = "streams.bell"  # on the wire: older processes know it by this name

# Bodies travel along up to this many characters; readers fetch longer ones from the log.
INLINE_CHARACTERS = 32 * 1024


def announce(name: str, first: int, texts: Sequence[str], epoch: str) -> None:
    """Announce the committed entries `texts` (JSON) from sequence `first` on; never raises."""
    message = {
        "type": TYPE,
        "stream": name,
        "first": first,
        "last": first + len(texts) - 1,
        "at": time.time(),
        "epoch": epoch,
    }
    if sum(map(len, texts)) <= INLINE_CHARACTERS:
        message["bodies"] = list(texts)
    complaint = "stream entries are stored but could not be announced"
    # Whoever is not told of the bodies reads them in the log.
    notify(group_name(name), message, complaint, spare=("bodies",))
