"""Installed packages cannot work together."""

from typing import Any, Iterator

from ... import _combinations
from .. import examined

ORDER = 10
WHY = "Some pairs of versions fail only when they are used: in a task, a cached page, a handshake."
CHANGE = "Install what the row says; python -m %(bridge)s shows them all."


def look(site: examined.Site) -> Iterator[Any]:
    found = _combinations.found()
    for view in site.views:
        told = view.facts.get("packages")
        if told:
            python = tuple(view.facts["python"])
            found += _combinations.found(lambda name: told.get(name, ""), python)  # noqa: B023
    said = set()
    for one in found:
        if one.what not in said:
            said.add(one.what)
            yield "%s: %s" % (one.what, one.why), one.do
