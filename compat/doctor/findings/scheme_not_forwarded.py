"""The site takes https for http."""

from typing import Any, Iterator, List, Optional, Tuple

from .. import examined, way
from ..nginx import Hop
from ..wire import get

ORDER = 97
WHY = (
    "request.is_secure() is wrong: redirects go round in circles, links are http://, and checks of "
    "origins and referers compare with the wrong scheme."
)
CHANGE = (
    'settings: SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https"); nginx: '
    "proxy_set_header X-Forwarded-Proto $scheme; (uwsgi_param HTTP_X_FORWARDED_PROTO $scheme;)"
)

HEADER = "x-forwarded-proto"
PARAMETER = "http_x_forwarded_proto"
UNKNOWN = "?"
INNER = (
    "nginx behind a proxy: proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto; render: "
    "--behind ADDRESS"
)


def look(site: examined.Site) -> Iterator[Any]:
    if not site.public or not site.public.tls:
        return
    views = [view for view in site.views if "ssl_redirect" in view.facts]
    if site.reached and any(view.facts["ssl_redirect"] for view in views):
        answer, here = get(site.public, site.home), site.origin + site.home
        if answer.headers.get("location") in (site.origin, here):
            yield "%s gets %s, which is itself" % (here, answer)
    for path in (site.home, site.path):
        hops = way.of(site, path)
        arrives, where = told(hops, way.is_first(site, hops))
        if arrives == UNKNOWN or not where:
            continue
        change = INNER if arrives == "http" and len(hops) > 1 or not hops[0].tls else CHANGE
        for view in views:
            trusted = view.facts.get("proxy_ssl_header")
            if trusted and trusted[0].lower() == PARAMETER and arrives != trusted[1]:
                text = "X-Forwarded-Proto arrives as %s at %s, by %s"
                yield text % (arrives or "nothing", view.name, where), change
                return


def told(hops: List[Hop], first: bool) -> Tuple[Optional[str], str]:
    """What X-Forwarded-Proto arrives as ("?" if that is not known), and which location says so."""
    value: Optional[str] = "" if first else UNKNOWN
    where = ""
    for hop in hops:
        directive, name = "proxy_set_header", HEADER
        if "uwsgi_pass" in hop.location.own:
            directive, name = "uwsgi_param", PARAMETER
        elif "proxy_pass" not in hop.location.own:
            return UNKNOWN, ""
        where = str(hop.location)
        given = hop.location.pairs(directive).get(name)
        if given is None or given == "$http_x_forwarded_proto":
            continue
        if given == "$scheme":
            value = "https" if hop.tls else "http"
        else:
            value = given if "$" not in given else UNKNOWN
    return value, where
