"""The address, or daphne behind it, does not answer."""

from typing import Any, Iterator

from .. import examined

ORDER = 106
WHY = "nginx does not reach daphne (another port, SELinux, a firewall), or nobody reaches nginx."
CHANGE = (
    "nginx: the port of proxy_pass is the one that daphne listens on; SELinux: setsebool "
    "-P httpd_can_network_connect 1; nginx's error log says which."
)


def look(site: examined.Site) -> Iterator[Any]:
    outside, direct = site.from_outside, site.from_daphne
    if site.unresolved:
        return
    if outside and direct and direct.status in (101, 403) and outside.status in (0, 502, 504):
        yield "%s%s gets %s, the same from daphne itself %s" % (
            site.origin,
            site.path,
            outside,
            direct,
        )
