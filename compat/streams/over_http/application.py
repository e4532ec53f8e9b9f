"""Which requests are sockets', and what becomes of each method."""

from typing import Any, Callable, Dict, Optional

from ...sockets import interface
from ...sockets.routes import is_route, routers_of
from . import request
from .events import EventStream
from .poll import LongPoll

METHODS = ("GET", "HEAD")
ALLOW = b"GET, HEAD, OPTIONS"
SESSIONS = {request.EVENTS: EventStream, request.POLL: LongPoll}


class OverHttp(interface.Middleware):
    """ASGI application for "http": sockets for who asks for them, and the site's pages."""

    def __init__(
        self, sockets: Callable[..., Any], pages: Optional[Callable[..., Any]] = None
    ) -> None:
        self.sockets = sockets
        self.pages = views() if pages is None else pages
        self.routers = routers_of(sockets)

    def instance(self, scope: Dict[str, Any]) -> interface.Instance:
        transport = request.wanted(scope)
        preflight = request.is_preflight(scope)
        if (transport is None and not preflight) or not is_route(scope, self.routers):
            return interface.instance(self.pages, scope)
        if transport is None or scope["method"] == "OPTIONS":
            return Answer(scope, 204)
        if scope["method"] not in METHODS:
            return Answer(scope, 405)
        return SESSIONS[transport](scope, self.sockets)


def views() -> Callable[..., Any]:
    """Django's."""
    if interface.SINGLE:
        from django.core.asgi import get_asgi_application

        return get_asgi_application()
    from channels.http import AsgiHandler

    return AsgiHandler


class Answer:
    """An answer without a body."""

    def __init__(self, scope: Dict[str, Any], status: int) -> None:
        self.scope = scope
        self.status = status

    async def __call__(self, receive: Any, send: Any) -> None:
        headers = [(b"Allow", ALLOW), (b"Cache-Control", b"no-store")]
        headers += request.cross_origin(self.scope)
        if request.is_preflight(self.scope):
            headers.append((b"Access-Control-Allow-Methods", b"GET"))
            headers.append((b"Access-Control-Allow-Headers", b"last-event-id, cache-control"))
        start = {"type": "http.response.start", "status": self.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": b""})
