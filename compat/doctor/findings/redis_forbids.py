"""Redis' ACL keeps something from the account that the layer needs."""

from typing import Any, Iterator

from .. import examined
from . import _redis

ORDER = 74
WHY = "The layer fails at these commands, and only there: some messages come, others do not."
CHANGE = "redis-cli ACL SETUSER %s %s, then ACL SAVE; or the same in its user line in redis.conf"


def look(site: examined.Site) -> Iterator[Any]:
    for view in site.views:
        user, lacking = view.facts.get("refused") or ["", []]
        if not lacking and _redis.kind(view) != "forbids":
            continue
        prefix = view.facts.get("prefix") or "asgi:"
        words = " ".join(one + prefix + "*" if one in ("~", "&") else one for one in lacking)
        text = "%s: the account %s may not %s" % (view.name, user, words or "do what was asked")
        error = view.error("layer")
        yield text + (" (%s)" % error if error else ""), CHANGE % (user, words or "+…")
