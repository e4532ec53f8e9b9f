"""A WebSocket must come from a page of this site: browsers send cookies from any page."""

import logging
import re
from typing import Any, Callable, Dict, List

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import validate_host

from .._throttle import Throttle
from ._settings import ORIGINS

logger = logging.getLogger(__name__)

# Names as browsers send them: in ASCII.
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?\Z")
ORIGIN = re.compile("(https?)://" + HOST.pattern)
PORTS = {"http": "80", "https": "443"}
LOCAL = ["localhost", "127.0.0.1", "[::1]"]


class OriginRequired(object):
    """
    ASGI middleware that answers 403 to a WebSocket whose Origin is foreign, missing or malformed.

    With SOCKETS_ORIGINS it must be one of those. Without, its host must be one of ALLOWED_HOSTS;
    where that is the host that was asked for, as it is behind most proxies, its port must be the
    same, too. `*` in ALLOWED_HOSTS knows no host of ours: then it must be the one asked for.
    """

    def __init__(self, inner: Callable[..., Any]) -> None:
        self.inner = inner
        self.origins = ORIGINS()
        self.throttle = Throttle()

    def __call__(self, scope: Dict[str, Any]) -> Any:
        if scope["type"] != "websocket":
            raise ValueError("OriginRequired is for WebSockets, not for %r" % scope["type"])
        if self.allows(scope):
            return self.inner(scope)
        return WebsocketDenier(scope)

    def allows(self, scope: Dict[str, Any]) -> bool:
        """Whether the scope has one Origin, and it is ours."""
        found = values(scope, b"origin")
        if len(found) == 1 and self.is_ours(found[0].lower(), values(scope, b"host")):
            return True
        self.throttle.log(
            logger.warning,
            "WebSocket refused: Origin %a, Host %a; ALLOWED_HOSTS or SOCKETS_ORIGINS decides",
            ", ".join(found)[:200] or None,
            ", ".join(values(scope, b"host"))[:200],
        )
        return False

    def is_ours(self, origin: str, hosts: List[str]) -> bool:
        """`origin` in lower case; `hosts`: the Host headers."""
        if self.origins is not None:
            return origin in self.origins
        match = ORIGIN.match(origin)
        if match is None:
            return False
        scheme, host, port = match.groups()
        port = port or PORTS[scheme]
        asked = HOST.match(hosts[0].lower()) if len(hosts) == 1 else None
        same_host = asked is not None and asked.group(1) == host
        if asked is not None and same_host and (asked.group(2) or PORTS[scheme]) != port:
            return False
        allowed = settings.ALLOWED_HOSTS
        if settings.DEBUG and not allowed:
            allowed = LOCAL
        if "*" in allowed:
            return same_host
        return validate_host(host.rstrip("."), allowed)


def values(scope: Dict[str, Any], name: bytes) -> List[str]:
    """The values of a header as a list of texts."""
    headers = scope.get("headers", ())
    return [value.decode("latin-1") for found, value in headers if found == name]
