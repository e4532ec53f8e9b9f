"""A proxy gives up an idle socket before daphne pings it."""

from typing import Any, Iterator

from .. import examined

ORDER = 127
WHY = "A socket on which nothing is said is cut, and its page connects again, for ever."
CHANGE = "nginx, in that location: proxy_read_timeout 75s; (longer than daphne's two pings)"

OUTSIDE = (
    "The idle time-out of the proxy, balancer or CDN in front: 75 s or more; or, where it is not "
    "yours, daphne's command: --ping-interval %d"
)

DEFAULT = 60.0


def look(site: examined.Site) -> Iterator[Any]:
    pings = [one.option("--ping-interval", 20) for one in site.processes.of("daphne")]
    found = False
    for hop in site.hops:
        limit = hop.location.seconds("proxy_read_timeout", DEFAULT)
        slow = [ping for ping in pings if ping <= 0 or ping >= limit]
        if slow:
            said = "daphne pings after %d s" % max(slow) if min(slow) > 0 else "daphne never pings"
            yield "proxy_read_timeout is %g s for %s, %s" % (limit, hop.location, said)
            found = True
    if not found and site.idle and site.idle.end != "ping":
        ping, seconds = max(pings), site.idle.seconds
        change = OUTSIDE % max(1, min(ping, seconds) // 2)
        if site.idle.end == "cut":
            text = "an idle socket of %s%s was cut after %d s, daphne pings after %d s"
            yield text % (site.origin, site.path, seconds, ping), change
        else:
            text = "no ping of daphne came through to an open socket of %s%s within %d s"
            yield text % (site.origin, site.path, seconds), change
