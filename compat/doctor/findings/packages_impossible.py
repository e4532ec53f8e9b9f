"""Installed packages cannot work together."""

from typing import Any, Iterator

from ... import _combinations
from .. import examined

ORDER = 10
WHY = "Some pairs of versions fail only when they are used: in a task, a cached page, a handshake."
CHANGE = "Install what the row says; python -m %(bridge)s shows them all."


def look(site: examined.Site) -> Iterator[Any]:
    for one in _combinations.found():
        yield "%s: %s" % (one.what, one.why), one.do
