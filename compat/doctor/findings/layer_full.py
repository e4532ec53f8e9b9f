"""Messages are dropped, since a channel of the layer is full."""

from typing import Any, Iterator

from .. import examined

ORDER = 85
WHY = "What is sent to it meanwhile is lost: more is sent than its process reads, or nobody reads."
CHANGE = (
    'settings: "capacity": %d in CONFIG of CHANNEL_LAYERS; or "BACKEND": "%s", which keeps them in '
    "the process that reads; or publish(), which loses nothing."
)


def look(site: examined.Site) -> Iterator[Any]:
    said = set()
    for view in site.views:
        for channel, length, capacity in view.facts.get("full") or ():
            if channel not in said:
                said.add(channel)
                text = "%d messages wait for the channel %s, which takes %d"
                yield text % (length, channel, capacity), CHANGE % (capacity * 10, examined.LAYER)
