"""The public host is not one of ALLOWED_HOSTS."""

from typing import Any, Iterator

from .. import examined
from ..wire import get

ORDER = 90
WHY = "Django answers 400 (DisallowedHost), and WebSockets are refused."
CHANGE = (
    'settings: ALLOWED_HOSTS = ["%(host)s"] (or the variable ALLOWED_HOSTS, where the '
    "settings read it)."
)


def look(site: examined.Site) -> Iterator[Any]:
    if site.public and not site.allows(site.public.host):
        answer = get(site.public, site.home) if site.reached else site.from_outside
        text = "ALLOWED_HOSTS has no %s; %s gets %s"
        yield text % (site.public.host, site.home, answer)
