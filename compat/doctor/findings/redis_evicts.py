"""Redis may throw the channel layer's messages away."""

from typing import Any, Iterator

from .. import examined

ORDER = 79
WHY = "With a policy of eviction a full Redis forgets groups and messages without a word."
CHANGE = (
    "redis.conf: maxmemory-policy noeviction; a cache that wants eviction goes to a Redis"
    " of its own."
)


def look(site: examined.Site) -> Iterator[Any]:
    policies = {view.facts.get("eviction") for view in site.views}
    for policy in sorted(policies - {None, "noeviction"}):
        yield "maxmemory-policy is %s" % policy
