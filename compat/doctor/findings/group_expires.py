"""A socket is forgotten by its groups while it is open."""

from typing import Any, Iterator

from .. import examined

ORDER = 81
WHY = "A socket that is older gets no more of what is sent to its groups, and nobody notices."
CHANGE = (
    'settings: "group_expiry" in CONFIG of CHANNEL_LAYERS (86400 by default) above '
    "--websocket_timeout of daphne's command."
)


def look(site: examined.Site) -> Iterator[Any]:
    for view in site.views:
        expiry = view.facts.get("group_expiry")
        # The bridge's layer keeps its members in their process.
        if view.kind != "daphne" or not expiry or ".pubsub." in (view.facts.get("layer") or ""):
            continue
        for one in site.processes.of("daphne"):
            life = one.option("--websocket_timeout", 86400)
            if life < 0 or life > expiry:
                text = "group_expiry is %d s, and %s lets sockets live %s"
                yield text % (expiry, one, "for ever" if life < 0 else "%d s" % life)
                return
