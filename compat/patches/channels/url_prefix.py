"""
Match the routes of a site below a prefix (`/shop`) with what comes after it, as pages have it.

Routes that say the prefix themselves still match.
https://github.com/django/channels/blob/main/channels/routing.py
"""

import functools

from ..._prefix import path_below
from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.0,<3.0",
    symptom="with a root_path no route matches a socket's address, though pages are found",
)


@patch.when_imported("channels.routing")
def repair(routing):
    router = routing.URLRouter
    stock = router.__call__
    names = stock.__code__.co_varnames[: stock.__code__.co_argcount]
    patch.expect(names == ("self", "scope"), "URLRouter takes %r" % (names,))
    patch.expect(hasattr(routing, "Resolver404"), "URLRouter knows no Resolver404")

    @functools.wraps(stock)
    def __call__(self, scope):
        below = None if "path_remaining" in scope else path_below(scope)
        if below is not None:
            try:
                return stock(self, dict(scope, path_remaining=below))
            except routing.Resolver404:
                pass
        return stock(self, scope)

    patch.replace(router, "__call__", __call__)
