"""No daphne runs in the site's folder."""

from typing import Any, Iterator

from .. import examined

ORDER = 20
WHY = "uWSGI cannot serve WebSockets; without a daphne every handshake fails."
CHANGE = (
    "Start the program that `render` wrote for supervisor: supervisorctl start all; its "
    "log says why it ended."
)


def look(site: examined.Site) -> Iterator[Any]:
    if not site.processes.of("daphne") and not site.processes.hidden:
        yield "no daphne works in %s" % site.options.folder
