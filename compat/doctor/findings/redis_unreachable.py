"""A process cannot use Redis."""

from typing import Any, Iterator

from .. import examined
from . import _redis

ORDER = 77
WHY = "Nothing is announced between processes: pages change late, or not at all."
CHANGE = (
    "CONFIG.hosts in CHANNEL_LAYERS, or REDIS_URL in that process's environment: address,"
    " password (@ is %%40 in it), and that Redis runs."
)


def look(site: examined.Site) -> Iterator[Any]:
    for view in site.views:
        if view.error("layer") and not _redis.kind(view):
            yield "%s: %s" % (view.name, view.error("layer"))
