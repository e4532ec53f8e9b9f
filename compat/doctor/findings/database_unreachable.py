"""A database does not answer a process."""

from typing import Any, Iterator

from .. import examined
from . import _database

ORDER = 60
WHY = (
    "Sessions, users and the log of streams are there: handshakes fail, or everybody is anonymous."
)
CHANGE = (
    "DATABASES, and the variables that it reads, in that process's environment; the "
    "database's access rules (pg_hba.conf) for it."
)


def look(site: examined.Site) -> Iterator[Any]:
    for view in site.views:
        for name in sorted(view.facts.get("errors", {})):
            if name.startswith("database ") and not _database.is_full(view.error(name)):
                yield "%s: %s: %s" % (view.name, name, view.error(name))
