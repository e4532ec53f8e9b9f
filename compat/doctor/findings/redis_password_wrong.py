"""Redis does not accept the password."""

from typing import Any, Iterator

from .. import examined
from . import _redis

ORDER = 72
WHY = "Nothing is announced between processes: pages change late, or not at all."
CHANGE = (
    "redis://:PASSWORD@host in REDIS_URL (CONFIG.hosts in CHANNEL_LAYERS): what requirepass in "
    "redis.conf says, with @ as %%40, / as %%2F; with an account, redis://USER:PASSWORD@host."
)


def look(site: examined.Site) -> Iterator[Any]:
    for view in site.views:
        if _redis.kind(view) == "password":
            yield "%s: %s" % (view.name, view.error("layer"))
