"""The database has, or may get, more connections than it takes."""

from typing import Any, Dict, Iterator, List, Tuple

from .. import examined
from ..processes import children
from . import _database

ORDER = 59
WHY = (
    "Whoever connects next is refused: a page, a handshake or a command at random. Each thread of "
    "daphne has a connection of its own."
)
CHANGE = (
    'supervisor: environment = ASGI_THREADS="4",… for daphne, or fewer processes; else the '
    "database's max_connections, or a pooler."
)

NEARLY = 0.9


def look(site: examined.Site) -> Iterator[Any]:
    said = set()
    for view in site.views:
        for name, error in sorted(view.facts.get("errors", {}).items()):
            if name.startswith("database ") and _database.is_full(error):
                yield "%s: %s: %s" % (view.name, name, error)
        for alias, told in sorted((view.facts.get("connections") or {}).items()):
            key = tuple(told["server"])
            if key not in said and told["used"] >= told["limit"] * NEARLY:
                said.add(key)
                yield "%s: %d of %d connections are open" % (alias, told["used"], told["limit"])
    for key, (most, parts, limit, ages) in sorted(possible(site).items()):
        if key not in said and most > limit:
            text = "%s may open %d connections, the database takes %d" % (parts, most, limit)
            yield text + ("; CONN_MAX_AGE keeps them open" if ages else "")


def possible(site: examined.Site) -> Dict[Tuple[str, ...], Tuple[int, str, int, bool]]:
    """For each server that is not behind a pooler: most, of whom, its limit, whether they stay."""
    found: Dict[Tuple[str, ...], Tuple[int, str, int, bool]] = {}
    daphnes = [view for view in site.views if view.kind == "daphne" and view.facts.get("threads")]
    for view in daphnes[:1]:
        for told in (view.facts.get("connections") or {}).values():
            if not told["direct"]:
                continue
            threads, count = view.facts["threads"], len(site.processes.of("daphne"))
            parts: List[str] = ["%d daphne with %d threads" % (count, threads)]
            workers = sum(len(children(one.pid)) for one in site.processes.of("uwsgi"))
            parts += ["%d uWSGI workers" % workers] if workers else []
            most = count * threads + workers
            age = told.get("max_age") != 0
            found[tuple(told["server"])] = most, " and ".join(parts), told["limit"], age
    return found
