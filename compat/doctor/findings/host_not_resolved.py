"""The name of the public address is not known here."""

from typing import Any, Iterator

from .. import examined

ORDER = 89
WHY = "Browsers that do not know it either reach nobody; what else it would show was not looked at."
CHANGE = (
    "DNS: an A or AAAA record of %(host)s; or the name in --url. Where only this machine does not "
    "know it: /etc/hosts, /etc/resolv.conf."
)


def look(site: examined.Site) -> Iterator[Any]:
    if site.unresolved:
        yield "%s: %s" % (site.public.address[0], site.unresolved)
