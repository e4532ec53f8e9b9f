"""Every client has the address of a proxy."""

import ipaddress
from typing import Any, Iterator, List

from .. import examined
from ..nginx import Hop, is_local
from ..processes import listening

ORDER = 125
WHY = "Limits for one address count everybody together, and logs name nobody."
CHANGE = "daphne's command: --proxy-headers"

HEADER = "x-forwarded-for"
SET = "nginx, in that location: proxy_set_header X-Forwarded-For $remote_addr;"
REAL = "nginx, there: set_real_ip_from %s; real_ip_header X-Forwarded-For; or render --behind %s"


def look(site: examined.Site) -> Iterator[Any]:
    if not site.hops:
        return
    last = site.hops[-1].location
    ends = [end for nginx in site.nginxes for end in nginx.targets(last)]
    for one in site.processes.of("daphne"):
        if "--proxy-headers" not in one.argv and any(at in ends for at in listening(one.pid)):
            yield "%s has no --proxy-headers: it takes nginx for every client" % (one,)
            return
    value = last.pairs("proxy_set_header").get(HEADER)
    if value is None and len(site.hops) == 1:
        yield "%s sets no X-Forwarded-For" % last, SET
        return
    for before, hop in zip(site.hops, site.hops[1:]):
        value = hop.location.pairs("proxy_set_header").get(HEADER)
        source = from_where(before, hop)
        if value == "$remote_addr" and source and not believes(hop, source):
            text = "%s names %s, the proxy in front, as every client"
            yield text % (hop.location, source), REAL % (source, source)
            return


def from_where(before: Hop, hop: Hop) -> str:
    """The address from which one nginx of this machine reaches another; "" where it may differ."""
    if isinstance(hop.address, str):
        return "unix:"
    host = hop.address[0]
    bound = before.location.value("proxy_bind")
    return host if not bound and is_local(host) and host.startswith("127.") else ""


def believes(hop: Hop, source: str) -> bool:
    """Whether real_ip takes what comes from there as told by a proxy."""
    names: List[str] = [one[0] for one in hop.location.all("set_real_ip_from") if one]
    if source in names:
        return True
    for name in names if source != "unix:" else ():
        try:
            if ipaddress.ip_address(source) in ipaddress.ip_network(name, strict=False):
                return True
        except ValueError:
            return True  # a name: who knows
    return False
