"""There is no channel layer."""

from typing import Any, Iterator

from .. import examined

ORDER = 70
WHY = "group_send() fails, and streams are found by polling only: entries come two seconds late."
CHANGE = (
    'settings: CHANNEL_LAYERS = {"default": {"BACKEND": '
    '"%s", "CONFIG": {"hosts": ["redis://127.0.0.1:6379/0"]}}}; or, without Redis and without '
    'group_send(), STREAMS_NOTIFICATIONS = "postgresql" or "none".' % examined.LAYER
)


def look(site: examined.Site) -> Iterator[Any]:
    for view in site.views:
        # A site that says how else its processes hear of entries needs none.
        wanted = view.facts.get("notifications", "layer") == "layer"
        if wanted and "layer" in view.facts and not view.facts["layer"]:
            yield "%s has no CHANNEL_LAYERS['default']" % view.name
            return
