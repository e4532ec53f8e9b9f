"""Whether a WebSocket could be opened at an address."""

from typing import Any, Callable, Dict, Iterable, List

from .._prefix import path_below
from . import asgi_tree


def routers_of(application: Callable[..., Any]) -> List[Any]:
    """The outermost URLRouters of an application: they have the beginnings of the addresses."""
    found: List[Any] = []
    for path in asgi_tree.paths(application):
        routers = [one for one in path if isinstance(getattr(one, "routes", None), (list, tuple))]
        if routers and routers[0] not in found:
            found.append(routers[0])
    return found


def is_route(scope: Dict[str, Any], routers: Iterable[Any]) -> bool:
    """Whether one of the routers has a route for the path, with its prefix or without."""
    path = scope.get("path", "")
    return any(_matches(one, routers) for one in {path, path_below(scope) or path})


def _matches(path: str, routers: Iterable[Any]) -> bool:
    path = path.lstrip("/")
    return any(_fits(route, path) for router in routers for route in router.routes)


def _fits(route: Any, path: str) -> bool:
    try:
        from channels.routing import route_pattern_match
    except ImportError:  # channels 3: all routes are of Django 2
        return route.pattern.match(path) is not None
    return bool(route_pattern_match(route, path))
