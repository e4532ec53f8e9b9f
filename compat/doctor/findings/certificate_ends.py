"""The certificate ends soon, or browsers refuse it."""

import time
from typing import Any, Iterator

from .. import examined
from ..wire import certificate

ORDER = 95
WHY = "Without a valid one no page opens, and no wss:// either."
CHANGE = (
    "Renew it (certbot renew), and reload nginx, which reads certificates at its start: "
    "nginx -s reload."
)

DAYS = 14


def look(site: examined.Site) -> Iterator[Any]:
    if not site.public or not site.public.tls or site.unresolved:
        return
    end, refused = certificate(site.public)
    if refused:
        yield "the certificate of %s is refused: %s" % (site.public.host, refused)
    elif end and end - time.time() < DAYS * 86400:
        days = (end - time.time()) / 86400
        yield "the certificate of %s ends in %d days" % (site.public.host, days)
