"""Tables are missing or old in the database of a process."""

from typing import Any, Dict, Iterator, List

from .. import examined

ORDER = 62
WHY = "What asks for them fails: publish() with streams' tables, signing in with those of users."
CHANGE = (
    "python manage.py migrate, with the settings and variables of that process; if that has "
    "nothing to do, its DATABASES is another one."
)


def look(site: examined.Site) -> Iterator[Any]:
    told: Dict[str, List[str]] = {}
    for view in site.views:
        for alias, labels in sorted((view.facts.get("unmigrated") or {}).items()):
            where = "" if alias == "default" else " (database %s)" % alias
            text = "Migrations of these apps were not applied: %s" % ", ".join(labels)
            told.setdefault(text + where, []).append(view.name)
    for text, names in told.items():
        yield "%s: %s" % (", ".join(names), text)
