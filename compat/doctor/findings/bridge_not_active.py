"""The bridge repairs nothing in a process."""

from typing import Any, Iterator

from .. import examined

ORDER = 30
WHY = (
    "There the stock stack runs: the second request through daphne is a 500, and on newer"
    " Pythons nothing works at all."
)
CHANGE = (
    "python -m %(bridge)s activate, with the interpreter of that process; and in its "
    "asgi.py or wsgi.py, first: import %(bridge)s; %(bridge)s.install()"
)


def look(site: examined.Site) -> Iterator[Any]:
    for view in site.views:
        if view.kind and view.facts.get("bridge", "unknown") is None:
            yield "%s starts without the bridge" % view.name
