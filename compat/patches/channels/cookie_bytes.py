"""
Read a Cookie header that is not ASCII the way Django's WSGI requests do: as UTF-8, if it is.

Browsers send what a script or another site of the domain has put there.
https://github.com/django/channels/issues/1450
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.0,<3.0",
    symptom="a browser with one non-ASCII cookie gets 500 from every WebSocket",
)


@patch.when_imported("channels.sessions")
def repair(sessions):
    middleware = sessions.CookieMiddleware
    stock = vars(middleware).get("__call__")
    names = getattr(stock, "__code__", None) and stock.__code__.co_names or ()
    patch.expect({"inner", "parse_cookie", "decode"} <= set(names), "cookies are read differently")

    @functools.wraps(stock)
    def __call__(self, scope):
        for name, value in scope.get("headers", ()):
            if name != b"cookie":
                continue
            if value and max(value) > 127:
                cookies = sessions.parse_cookie(value.decode("utf-8", "replace"))
                return self.inner(dict(scope, cookies=cookies))
            break
        return stock(self, scope)

    patch.replace(middleware, "__call__", __call__)
