"""A health check is refused."""

from typing import Any, Iterator

from .. import examined
from ..wire import get, of_url

ORDER = 140
WHY = "The balancer takes a healthy machine out. It asks by address, which is no name of the site."
CHANGE = (
    "render --health-from NETWORK, or in your own nginx, for these checks alone: "
    "proxy_set_header Host www.example.org;"
)


def look(site: examined.Site) -> Iterator[Any]:
    if site.options.health:
        target = of_url(site.options.health)
        path = "/" + site.options.health.split("//", 1)[-1].partition("/")[2]
        answer = get(target, path)
        if answer.status != 200:
            yield "%s gets %s" % (site.options.health, answer)
