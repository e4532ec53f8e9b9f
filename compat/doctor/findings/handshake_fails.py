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
        yield text, ROUTE
    elif answer.status in (0, 503):
        yield text, SLOW
    elif answer.status >= 500:
        yield text
