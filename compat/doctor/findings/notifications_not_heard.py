"""PostgreSQL does not tell a process what another one notifies."""

from typing import Any, Iterator

from .. import examined

ORDER = 69
WHY = "Entries of streams come up to STREAMS_POLL_SECONDS late, logouts at the next check."
CHANGE = (
    "DATABASES: one more entry for the server itself, or for a pooler in session mode, which "
    "STREAMS_NOTIFICATIONS_DATABASE names (pgbouncer's transaction mode cannot LISTEN); or "
    'STREAMS_NOTIFICATIONS = "none", which says that polling will do.'
)


def look(site: examined.Site) -> Iterator[Any]:
    for view in site.views:
        if view.error("notifications"):
            yield "%s: %s" % (view.name, view.error("notifications"))
        elif view.facts.get("heard") is False:
            yield "%s: a NOTIFY does not reach a connection that has said LISTEN" % view.name
