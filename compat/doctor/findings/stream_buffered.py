"""nginx keeps event streams back."""

from typing import Any, Iterator

from .. import examined

ORDER = 128
WHY = "Who cannot open a WebSocket reads an event stream, and gets it when a buffer is full."
CHANGE = (
    "nginx, in that location: proxy_buffering off; or without X-Accel-Buffering in "
    "proxy_ignore_headers"
)


def look(site: examined.Site) -> Iterator[Any]:
    for hop in site.hops:
        ignored = [
            word.lower() for words in hop.location.all("proxy_ignore_headers") for word in words
        ]
        # By itself nginx heeds the header that the bridge's streams have.
        if "x-accel-buffering" in ignored and hop.location.value("proxy_buffering", "on") == "on":
            yield "proxy_buffering is on, and X-Accel-Buffering is ignored, for %s" % hop.location
