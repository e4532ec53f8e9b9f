"""
A plain GET on the route of a WebSocket: most likely a proxy in front drops the header Upgrade.

Nothing else tells: Django answers 404 as to any address that it does not know.
"""

import logging
from typing import Any, List

from .._prefix import path_below
from .._throttle import Throttle
from . import asgi_tree

logger = logging.getLogger(__name__)

throttle = Throttle(60)
routers: List[Any] = []  # with the routes of WebSockets


def watch(application):
    """Have such requests on the routes of this application told in the log, once a minute."""
    from django.core.signals import request_started

    for path in asgi_tree.paths(application):
        # Of routers in routers the first has the beginning of the address.
        outermost = [one for one in path if isinstance(getattr(one, "routes", None), (list, tuple))]
        if outermost and outermost[0] not in routers:
            routers.append(outermost[0])
    request_started.connect(notice, dispatch_uid=__name__)


def notice(sender, scope=None, **_):
    """channels tells of a request to a view; uWSGI's have no scope."""
    if not scope or scope.get("method") != "GET":
        return
    if any(name.lower() == b"upgrade" for name, _value in scope.get("headers", ())):
        return
    path = scope.get("path", "")
    if is_route(path_below(scope) or path) or is_route(path):
        throttle.log(
            logger.warning,
            "GET %s has no header Upgrade, with which a WebSocket begins: "
            "does a proxy in front drop it, or was the address opened as a page?",
            "".join(filter(str.isprintable, path))[:200],
        )


def is_route(path):
    """Whether a WebSocket could be opened at this path."""
    from channels.routing import route_pattern_match

    path = path.lstrip("/")
    return any(route_pattern_match(route, path) for router in routers for route in router.routes)
