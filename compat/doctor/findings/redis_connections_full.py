"""Redis has nearly as many connections as it takes."""

from typing import Any, Iterator

from .. import examined
from . import _redis

ORDER = 75
WHY = "Whoever connects next is refused: a process that restarts, or a view that publishes."
CHANGE = (
    "redis.conf: maxclients 10000 (and LimitNOFILE of its unit above that); redis-cli client list "
    "shows who has them."
)

NEARLY = 0.9


def look(site: examined.Site) -> Iterator[Any]:
    said = set()
    for view in site.views:
        told = view.facts.get("redis") or {}
        used, most = told.get("connected_clients", 0), told.get("maxclients", 0)
        if _redis.kind(view) == "connections":
            yield "%s: %s" % (view.name, view.error("layer"))
        elif most and used >= most * NEARLY and told.get("run_id") not in said:
            said.add(told.get("run_id"))
            yield "%d of %d connections are taken (maxclients)" % (used, most)
