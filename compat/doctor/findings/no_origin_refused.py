"""Clients that send no Origin are refused, though the settings let them in."""

from typing import Any, Iterator

from .. import examined

ORDER = 122
WHY = "Apps, probes and scripts send none; browsers do, so pages work and nobody else does."
CHANGE = (
    "routing.py: guard(), or OriginRequired, around that WebSocket instead of another validator, "
    "which does not know SOCKETS_ORIGINS; then restart daphne."
)

PROXY = "The rule of a proxy in front (or of a CDN) that refuses requests without an Origin."


def look(site: examined.Site) -> Iterator[Any]:
    answer = site.without_origin
    if site.wants_originless and answer and answer.status in (400, 401, 403):
        direct = site.directly(site.daphne, "")
        text = '"none" is in SOCKETS_ORIGINS; %s%s gets %s without an Origin, 101 with its own'
        text %= (site.origin, site.path, answer)
        if direct and direct.status == 101:
            yield text + "; from daphne itself 101", PROXY
        else:
            yield text
