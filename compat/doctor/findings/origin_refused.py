"""The public host's own pages may not open a WebSocket."""

from typing import Any, Iterator

from .. import examined

ORDER = 121
WHY = "The validator of origins refuses them with 403, and says so in daphne's log only."
CHANGE = 'settings: SOCKETS_ORIGINS = ["%(origin)s"] with guard(), or the host in ALLOWED_HOSTS.'


def look(site: examined.Site) -> Iterator[Any]:
    outside, direct = site.from_outside, site.from_daphne
    if not outside or not direct or (outside.status, direct.status) != (403, 403):
        return
    host = site.another_host(site.public.host)
    if host:
        other = site.directly(
            site.daphne._replace(host=host), "%s://%s" % (site.daphne.forwarded, host)
        )
        if other.status == 101:
            yield "Origin %s gets 403, %s gets 101" % (site.origin, host)
