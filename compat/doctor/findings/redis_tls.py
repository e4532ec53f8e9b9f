"""One side wants TLS to Redis, the other does not; or the certificate is not trusted."""

from typing import Any, Iterator

from .. import examined
from . import _redis

ORDER = 73
WHY = "Nothing is announced between processes: pages change late, or not at all."
CHANGE = (
    "rediss:// (two s) in REDIS_URL where Redis has tls-port, redis:// where it has port; the "
    "certificate's CA in SSL_CERT_FILE of that process."
)


def look(site: examined.Site) -> Iterator[Any]:
    for view in site.views:
        if _redis.kind(view) == "tls":
            text = {
                "tls": " speaks plainly, Redis wants TLS",
                "plain": " speaks TLS, Redis does not",
            }.get(view.facts.get("speaks"), "")
            yield "%s%s: %s" % (view.name, text, view.error("layer"))
