"""A WebSocket must come from a page of this site: browsers send cookies from any page."""

import logging
from typing import Any, Callable, Dict, List, Optional

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import validate_host

from .._throttle import Throttle
from . import interface
from ._settings import HOST, HTTP, NONE, ORIGINS, PORTS, canonical

logger = logging.getLogger(__name__)

LOCAL = ["localhost", "127.0.0.1", "[::1]"]


class OriginRequired(interface.Middleware):
    """
    ASGI middleware that answers 403 to a WebSocket whose Origin is foreign, missing or malformed.

    With SOCKETS_ORIGINS it must be one of those. Without, its host must be one of ALLOWED_HOSTS.
    If that is the host that was asked for, as it is behind most proxies, its port must be the same,
    too; if not, its scheme's usual one will do. `*` in ALLOWED_HOSTS knows no host of ours: then it
    must be the one asked for. A page of http does not reach a site of https, if a proxy says that
    it is one, by SECURE_PROXY_SSL_HEADER: daphne knows no scheme of a WebSocket.
    """

    def __init__(self, inner: Callable[..., Any]) -> None:
        self.inner = inner
        self.origins = ORIGINS()
        self.throttle = Throttle()

    def instance(self, scope: Dict[str, Any]) -> interface.Instance:
        if scope["type"] != "websocket":
            raise ValueError("OriginRequired is for WebSockets, not for %r" % scope["type"])
        if self.allows(scope):
            return interface.instance(self.inner, scope)
        return interface.instance(interface.consumer(WebsocketDenier), scope)

    def allows(self, scope: Dict[str, Any]) -> bool:
        """Whether the scope has one Origin, and it is ours, or none, where that is allowed."""
        found = values(scope, b"origin")
        if not found and (NONE in (self.origins or ()) or is_own_request(scope)):
            return True
        if len(found) == 1 and self.is_ours(found[0].lower(), scope):
            return True
        self.throttle.log(
            logger.warning,
            "WebSocket refused: Origin %a, Host %a%s; ALLOWED_HOSTS or SOCKETS_ORIGINS decides",
            ", ".join(found)[:200] or None,
            ", ".join(values(scope, b"host"))[:200],
            ", by https" if is_https(scope) else "",
        )
        return False

    def is_ours(self, origin: str, scope: Dict[str, Any]) -> bool:
        """`origin` in lower case."""
        if self.origins is not None:
            return origin != NONE and normal(origin) in self.origins
        match = HTTP.match(origin)
        if match is None:
            return False
        scheme, host, port = match.groups()
        if scheme == "http" and is_https(scope):
            return False
        hosts = values(scope, b"host")
        asked = HOST.match(hosts[0].lower()) if len(hosts) == 1 else None
        same_host = asked is not None and asked.group(1) == host
        usual = PORTS[scheme]
        if asked is not None and (port or usual) != (asked.group(2) or usual):
            # Some proxies ask for another host than they were: then the usual port is right, too.
            if same_host or ((port or usual) != usual and is_allowed(asked.group(1))):
                return False
        return same_host if "*" in allowed_hosts() else is_allowed(host)


def is_own_request(scope: Dict[str, Any]) -> bool:
    """
    Whether a request without an Origin, that stands for a WebSocket, comes from none other's page.

    Browsers send no Origin with a GET of a page's own site, nor where a page only embeds what it
    cannot read; then they say so in Sec-Fetch-Site, which came after 2019 and goes by https alone.
    What older ones let a foreign page do is to occupy readers, as many as SOCKETS_PER_USER.
    """
    hosts = values(scope, b"host")
    asked = HOST.match(hosts[0].lower()) if len(hosts) == 1 else None
    if "over_http" not in scope or asked is None or not is_allowed(asked.group(1)):
        return False
    return values(scope, b"sec-fetch-site") in ([], ["same-origin"], ["none"])


def allowed_elsewhere(scope: Dict[str, Any]) -> Optional[str]:
    """The Origin of a request whose pages may read the answer, because SOCKETS_ORIGINS says so."""
    found = values(scope, b"origin")
    if len(found) != 1 or normal(found[0].lower()) not in (ORIGINS() or ()):
        return None
    return None if found[0].lower() == NONE else found[0]


def allowed_hosts() -> List[str]:
    return LOCAL if settings.DEBUG and not settings.ALLOWED_HOSTS else settings.ALLOWED_HOSTS


def is_allowed(host: str) -> bool:
    return validate_host(host.rstrip("."), allowed_hosts())


def normal(origin: str) -> str:
    """As the setting has it: clients other than browsers may send the usual port."""
    try:
        return canonical(origin)
    except ValueError:
        return origin


def is_https(scope: Dict[str, Any]) -> bool:
    """Whether a proxy says, in the header that the site trusts, that it was asked by https."""
    if not settings.SECURE_PROXY_SSL_HEADER:
        return False
    name, secure = settings.SECURE_PROXY_SSL_HEADER
    header = name[len("HTTP_") :] if name.startswith("HTTP_") else name
    return values(scope, header.replace("_", "-").lower().encode("latin-1")) == [secure]


def values(scope: Dict[str, Any], name: bytes) -> List[str]:
    """The values of a header as a list of texts."""
    headers = scope.get("headers", ())
    return [value.decode("latin-1") for found, value in headers if found == name]
