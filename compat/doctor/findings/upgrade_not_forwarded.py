"""A proxy does not pass the handshake on."""

from typing import Any, Iterator

from .. import examined
from . import location_not_included

ORDER = 112
WHY = "Without Upgrade and Connection daphne sees a plain GET: 404, or a page."
CHANGE = (
    "In each proxy in front: proxy_http_version 1.1; proxy_set_header Upgrade "
    '$http_upgrade; proxy_set_header Connection "upgrade"; at a CDN, switch WebSockets '
    "on."
)


def look(site: examined.Site) -> Iterator[Any]:
    if location_not_included.failed(site) and not list(location_not_included.look(site)):
        if site.from_outside.status not in (0, 429, 502, 503, 504):
            text = "%s%s gets %s, the same from daphne itself %s"
            text %= (site.origin, site.path, site.from_outside, site.from_daphne)
            hop, answer = site.broken_hop
            if hop:
                lacking = ["Upgrade", "Connection"]
                told = hop.location.pairs("proxy_set_header")
                names = [name for name in lacking if name.lower() not in told]
                text += "; lost at %s" % hop.location
                text += ", which does not set " + " and ".join(names) if names else ""
            elif site.hops:
                text += "; this machine's nginx passes it on, a proxy before it does not"
            elif not site.nginx:
                text += " (as root, the doctor also reads whether nginx has the location at all)"
            yield text
