"""What followers are told of new entries. It may get lost; the log does not."""

import time
from typing import Sequence

from ..channel_layer import notify
from . import gathering
from .gathering import INLINE_CHARACTERS
from .names import NEW_STREAMS, group_name

TYPE = "streams.bell"  # on the wire: older processes know it by this name
COMPLAINT = "stream entries are stored but could not be announced"


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
    notify.tell_here(message, COMPLAINT)
    if not gathering.hold(name, message, tell_elsewhere):
        tell_elsewhere(message)


def tell_elsewhere(message: notify.Message) -> None:
    """Tell the other processes; never raises."""
    # Whoever is not told of the bodies reads them in the log.
    group = group_name(message["stream"])
    notify.tell_elsewhere(group, message, COMPLAINT, spare=("bodies",))
    if message["first"] == 1:
        # For those who follow whatever comes up: nobody is a member of its own group yet.
        short = {key: value for key, value in message.items() if key != "bodies"}
        notify.tell_elsewhere(NEW_STREAMS, short, COMPLAINT)
