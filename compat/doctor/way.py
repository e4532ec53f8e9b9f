"""The way of a request through the nginxes of this machine, as their configuration has it."""

from typing import Any, List, Optional, Tuple

from . import wire
from .nginx import Hop, Nginx, Server, is_local, location, named
from .processes import Address

LONGEST = 5


def of(site: Any, path: str) -> List[Hop]:
    """From the one nearest to the browser on; [] where none of them is known to take it."""
    host = plain(site.public.host) if site.public else "localhost"
    found: List[Hop] = []
    step = first(site, host)
    while step and len(found) < LONGEST:
        nginx, server, where, tls = step
        hop = Hop(server, location(server.block, path), where, tls)
        found.append(hop)
        told = hop.location.pairs("proxy_set_header").get("host", "$proxy_host")
        host = host if told.startswith("$") else plain(told)
        step = None
        for target in nginx.targets(hop.location):
            step = step or at(site, target, host)
    return found


def first(site: Any, host: str) -> Optional[Tuple[Nginx, Server, Address, bool]]:
    """Who takes what comes to the public address; else who has the way to daphne."""
    if site.public and is_local(site.public.address[0]):
        name, port = site.public.address
        row = wire.resolve(name, port)[0]
        found = at(site, row[4][:2], host)
        if found and found[3] == site.public.tls:
            return found
    best = None
    for nginx in site.nginxes:
        for server in nginx.servers:
            ends = nginx.targets(location(server.block, site.path))
            if server.listens and any(end in site.daphnes for end in ends):
                rank = named(server.block, host)
                if best is None or rank < best[0]:
                    best = rank, nginx, server
    if not best:
        return None
    tls = bool(site.public and site.public.tls)
    spots = sorted(best[2].listens, key=lambda one: one[1] is not tls)
    spot, tls = spots[0]
    where = spot if isinstance(spot, str) else (spot[0] or "127.0.0.1", spot[1])
    return best[1], best[2], where, tls


def is_first(site: Any, hops: List[Hop]) -> bool:
    """Whether the first of them is the one that browsers reach."""
    if not hops or not site.public or not is_local(site.public.address[0]):
        return False
    where = hops[0].address
    return not isinstance(where, str) and where[1] == site.public.address[1]


def at(site: Any, where: Address, host: str) -> Optional[Tuple[Nginx, Server, Address, bool]]:
    """Which nginx listens there, and with which server for that host."""
    for nginx in site.nginxes:
        found = nginx.serving(where, host)
        if found:
            return nginx, found[0], where, found[1]
    return None


def leads_to_daphne(site: Any, hop: Hop) -> bool:
    return any(end in site.daphnes for nginx in site.nginxes for end in nginx.targets(hop.location))


def plain(host: str) -> str:
    """A Host header without its port."""
    return host if host.endswith("]") else host.rpartition(":")[0] or host
