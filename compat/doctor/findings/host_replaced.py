"""A proxy replaces Host, or refuses the handshake by itself."""

from typing import Any, Iterator

from .. import examined

ORDER = 120
WHY = "Origins are compared with the host: the page's own WebSocket is refused with 403."
CHANGE = "In each proxy in front: proxy_set_header Host $http_host;"


def look(site: examined.Site) -> Iterator[Any]:
    outside, direct = site.from_outside, site.from_daphne
    if outside and direct and outside.status == 403 and direct.status == 101:
        yield "%s%s gets 403, the same from daphne itself 101" % (site.origin, site.path)
