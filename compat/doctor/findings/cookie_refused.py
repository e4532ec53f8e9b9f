"""Browsers do not keep a cookie of the site, or do not send it with the WebSocket."""

from typing import Any, Dict, Iterator, Tuple

from .. import examined
from ..way import plain

ORDER = 126
WHY = "Who logs in is anonymous with the next request, and so is every WebSocket."
CHANGE = "settings: SESSION_COOKIE_DOMAIN = None, SESSION_COOKIE_PATH = '/'"

LOCAL = ("localhost", "127.", "[::1]")


def look(site: examined.Site) -> Iterator[Any]:
    if not site.public:
        return
    said = set()
    host, tls = plain(site.public.host).lower(), site.public.tls
    for view in site.views:
        for one in view.facts.get("cookies") or ():
            for text, change in wrong(one, host, tls, site.path):
                if text not in said:
                    said.add(text)
                    yield text, change


def wrong(one: Dict[str, Any], host: str, tls: bool, path: str) -> Iterator[Tuple[str, str]]:
    """(what is wrong, what to change) of a cookie as a browser at that host sees it."""
    kind, name = one["kind"], one.get("name") or ""
    domain = (one.get("domain") or "").lower().lstrip(".")
    off = "settings: %s_COOKIE_%s = %s"
    if domain and host != domain and not host.endswith("." + domain):
        change = off % (kind, "DOMAIN", "None")
        yield "%s_COOKIE_DOMAIN is %s, which %s is not in" % (kind, one["domain"], host), change
    if one.get("secure") and not tls and not host.startswith(LOCAL):
        change = "Serve the site by https, or " + off % (kind, "SECURE", "False")
        yield "%s_COOKIE_SECURE is on, and %s is served by http" % (kind, host), change
    if one.get("same_site") == "None" and not one.get("secure"):
        change = off % (kind, "SECURE", "True") + " (and https)"
        yield '%s_COOKIE_SAMESITE is "None", which wants %s_COOKIE_SECURE' % (kind, kind), change
    if name.startswith(("__Host-", "__Secure-")) and not one.get("secure"):
        change = off % (kind, "SECURE", "True")
        yield "a cookie named %s has to be Secure, and is not" % name, change
    if name.startswith("__Host-") and (domain or one.get("path") != "/"):
        change = off % (kind, "DOMAIN", "None") + ", and _PATH = '/'"
        yield "a cookie named %s may have no domain, and no path but /" % name, change
    prefix = one.get("path") or "/"
    if kind == "SESSION" and not (path + "/").startswith(prefix.rstrip("/") + "/"):
        change = off % (kind, "PATH", "'/'")
        yield "%s_COOKIE_PATH is %s: it is not sent to %s" % (kind, prefix, path), change
