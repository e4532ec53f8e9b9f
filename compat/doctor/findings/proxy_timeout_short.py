"""A proxy gives up an idle socket before daphne pings it."""

from typing import Any, Iterator

from .. import examined

ORDER = 127
WHY = "A socket on which nothing is said is cut, and its page connects again, for ever."
CHANGE = "nginx, in that location: proxy_read_timeout 75s; (longer than daphne's two pings)"

DEFAULT = 60.0


def look(site: examined.Site) -> Iterator[Any]:
    pings = [one.option("--ping-interval", 20) for one in site.processes.of("daphne")]
    for hop in site.hops:
        limit = hop.location.seconds("proxy_read_timeout", DEFAULT)
        slow = [ping for ping in pings if ping <= 0 or ping >= limit]
        if slow:
            said = "daphne pings after %d s" % max(slow) if min(slow) > 0 else "daphne never pings"
            yield "proxy_read_timeout is %g s for %s, %s" % (limit, hop.location, said)
