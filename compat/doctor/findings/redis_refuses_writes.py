"""Redis takes no writes."""

from typing import Any, Iterator

from .. import examined
from . import _redis

ORDER = 76
WHY = "Groups and messages that are kept in Redis get lost; what is published may still arrive."
CHANGE = "redis-cli info persistence, and redis-cli config get maxmemory, say which of them it is."

FULL = (
    "redis.conf: a larger maxmemory, or 0 for none; what fills it is shown by redis-cli --bigkeys. "
    "A cache goes to a Redis of its own."
)
SAVING = (
    'redis.conf: save "" and appendonly no for the layer\'s Redis, which has nothing to save; or '
    "free its disk and its folder's rights (redis-cli config get dir)."
)
REPLICA = (
    "CONFIG.hosts in CHANNEL_LAYERS, or REDIS_URL: the master's address, or that of sentinels."
)
NEARLY = 0.98


def look(site: examined.Site) -> Iterator[Any]:
    said = set()
    for view in site.views:
        told, error = view.facts.get("redis") or {}, view.error("layer")
        most, used = told.get("maxmemory", 0), told.get("used_memory", 0)
        if _redis.kind(view) == "writes":
            causes = (("OOM", FULL), ("MISCONF", SAVING), ("R", REPLICA))
            change = [change for word, change in causes if word in error][0]
            yield "%s: %s" % (view.name, error), change
        elif told.get("run_id") in said:
            continue
        elif most and used >= most * NEARLY and told.get("maxmemory_policy") == "noeviction":
            yield "%d of %d kB are used (maxmemory, noeviction)" % (used >> 10, most >> 10), FULL
        elif told.get("role") == "slave":
            yield "it is a replica, which takes writes from its master alone", REPLICA
        elif "err" in (told.get("rdb_last_bgsave_status"), told.get("aof_last_write_status")):
            yield "it could not save what it has to its disk", SAVING
        said.add(told.get("run_id"))
