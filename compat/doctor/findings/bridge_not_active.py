"""The bridge repairs nothing in a process."""

import sys
from typing import Any, Iterator

from ...patching import BRIDGE
from .. import examined

ORDER = 30
WHY = (
    "There the stock stack runs: the second request through daphne is a 500, and on newer"
    " Pythons nothing works at all."
)
CHANGE = (
    "python -m %(bridge)s activate, with the interpreter of that process; and in its "
    "asgi.py, wsgi.py or manage.py, first: import %(bridge)s; %(bridge)s.install()"
)


def look(site: examined.Site) -> Iterator[Any]:
    patches = sys.modules.get(BRIDGE + ".patches")
    if patches is None or not patches.is_installed():
        yield "manage.py starts without the bridge"
    for view in site.views:
        if view.kind and view.facts.get("bridge", "unknown") is None:
            yield "%s starts without the bridge" % view.name
