"""The WebSocket's address is redirected."""

from typing import Any, Iterator

from .. import examined

ORDER = 100
WHY = "A WebSocket follows no redirect: it fails."
CHANGE = (
    "Use the address that it is sent to in the page (wss:// on https), or render again: "
    "each --websocket-path is served with and without its slash."
)


def look(site: examined.Site) -> Iterator[Any]:
    answer = site.from_outside
    if answer and answer.status in (301, 302, 303, 307, 308):
        yield "%s%s gets %s" % (site.origin, site.path, answer)
