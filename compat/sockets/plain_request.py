"""
A plain GET on the route of a WebSocket: most likely a proxy in front drops the header Upgrade.

Nothing else tells: Django answers 404 as to any address that it does not know.
"""

import logging
from typing import Any, List

from .._throttle import Throttle
from .routes import is_route, routers_of

logger = logging.getLogger(__name__)

throttle = Throttle(60)
routers: List[Any] = []  # with the routes of WebSockets


def watch(application):
    """Have such requests on the routes of this application told in the log, once a minute."""
    from django.core.signals import request_started

    routers.extend(one for one in routers_of(application) if one not in routers)
    request_started.connect(notice, dispatch_uid=__name__)


def notice(sender, scope=None, **_):
    """channels tells of a request to a view; uWSGI's have no scope."""
    if not scope or scope.get("method") != "GET":
        return
    if any(name.lower() == b"upgrade" for name, _value in scope.get("headers", ())):
        return
    if is_route(scope, routers):
        path = scope.get("path", "")
        throttle.log(
            logger.warning,
            "GET %s has no header Upgrade, with which a WebSocket begins: "
            "does a proxy in front drop it, or was the address opened as a page?",
            "".join(filter(str.isprintable, path))[:200],
        )
