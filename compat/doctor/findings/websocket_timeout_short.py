"""daphne ends every socket after a short time."""

from typing import Any, Iterator

from .. import examined

ORDER = 82
WHY = "It counts from the handshake, whatever is said: all pages connect again and again."
CHANGE = "daphne's command: --websocket_timeout 72000 (seconds), or leave it out."

SHORT = 600


def look(site: examined.Site) -> Iterator[Any]:
    for one in site.processes.of("daphne"):
        life = one.option("--websocket_timeout", 86400)
        if 0 <= life < SHORT:
            yield "%s has --websocket_timeout %d" % (one, life)
