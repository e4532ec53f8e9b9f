"""A message from one process does not reach another."""

from typing import Any, Iterator

from .. import examined

ORDER = 78
WHY = (
    "They use different Redis servers, database numbers or prefixes: what a view "
    "publishes is seen late, what it sends to a group never."
)
CHANGE = (
    'REDIS_URL (or CONFIG.hosts and "prefix" in CHANNEL_LAYERS) the same for all '
    "processes of the site, down to the number at its end."
)


def look(site: examined.Site) -> Iterator[Any]:
    senders = [view for view in site.views if "received" not in view.facts]
    if (
        not senders
        or senders[0].error("layer")
        or senders[0].error("settings")  # it has not sent anything
        or "InMemory" in (senders[0].facts.get("layer") or "")
    ):
        return
    for view in site.views:
        if view.facts.get("received") is False and not view.error("layer"):
            yield "a message from %s did not reach %s" % (senders[0].name, view.name)
