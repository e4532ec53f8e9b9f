"""DEBUG is on."""

from typing import Any, Iterator

from .. import examined

ORDER = 135
WHY = (
    "Whoever meets an error is shown code, variables and settings; each thread of daphne keeps the "
    "queries that it has made."
)
CHANGE = (
    "settings: DEBUG = False (or the variable that they read it from); then restart daphne and "
    "uWSGI."
)


def look(site: examined.Site) -> Iterator[Any]:
    if site.debugging and not site.is_private:
        yield from site.debugging
