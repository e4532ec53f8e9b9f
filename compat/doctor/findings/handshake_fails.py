"""daphne itself answers the handshake with an error."""

from typing import Any, Iterator

from .. import examined

ORDER = 92
WHY = "No proxy is to blame: every browser gets the same."
CHANGE = (
    "The line of that time in daphne's log has the exception; --path /ws/… has to be the address "
    "of a WebSocket that the site has."
)

ROUTE = (
    "The route in routing.py (as websockets are routed: without a slash at its beginning, with or "
    "without one at its end), or --path: the address that the page uses."
)
PREFIX = (
    "--root-path %s on daphne's command line (render: --daphne-arg=--root-path=%s): routes have no "
    "prefix, and daphne was told of none."
)
SLOW = "What connect() waits for: another server, a query; COMPAT_HANDSHAKE_SECONDS gives it more."


def look(site: examined.Site) -> Iterator[Any]:
    if not site.public or site.hung or any(view.facts.get("errors") for view in site.views):
        return  # that explains it
    answer = site.from_daphne
    if not answer or answer.status in (101, 403, 429) or 300 <= answer.status < 400:
        return
    if answer.status == 404 and not site.is_path_known:
        return
    text = "%s gets %s from daphne itself" % (site.path, answer)
    if answer.status == 404:
        yield text, PREFIX % ((site.prefix,) * 2) if site.prefix and not _knows(site) else ROUTE
    elif answer.status in (0, 503):
        yield text, SLOW
    elif answer.status >= 500:
        yield text


def _knows(site: examined.Site) -> bool:
    """Whether a daphne is told the prefix, by its command line or by a header."""
    return any(
        one.environ.get("COMPAT_TRUST_ROOT_PATH") or "--root-path" in " ".join(one.argv)
        for one in site.processes.of("daphne")
    )
