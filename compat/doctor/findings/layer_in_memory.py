"""The channel layer is in memory."""

from typing import Any, Iterator

from .. import examined

ORDER = 71
WHY = "It reaches its own process only, and a site has at least two: uWSGI and daphne."
CHANGE = 'settings: "BACKEND": "%s" in CHANNEL_LAYERS.' % examined.LAYER


def look(site: examined.Site) -> Iterator[Any]:
    for view in site.views:
        if "InMemory" in (view.facts.get("layer") or ""):
            yield "%s has %s" % (view.name, view.facts["layer"])
            return
