"""A process may not write where the site writes."""

from typing import Any, Iterator

from .. import examined

ORDER = 61
WHY = "Uploads, sessions or the database fail there, often for daphne alone."
CHANGE = (
    "chown and chmod the folder for the account of that process; SQLite writes beside its file."
)


def look(site: examined.Site) -> Iterator[Any]:
    for view in site.views:
        for path in view.facts.get("unwritable", []):
            yield "%s cannot write %s" % (view.name, path)
