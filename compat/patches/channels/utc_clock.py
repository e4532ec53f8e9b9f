"""
Ask for the time in UTC without `utcnow()` when a consumer sets a cookie.
https://docs.python.org/3/whatsnew/3.12.html#deprecated
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.0,<4.1",
    python=">=3.12",
    symptom="DeprecationWarning: datetime.datetime.utcnow() is deprecated, with every cookie",
)


@patch.when_imported("channels.sessions")
def repair(sessions):
    from .._clock import until

    middleware = sessions.CookieMiddleware
    stock = vars(middleware)["set_cookie"].__func__

    @functools.wraps(stock)
    def set_cookie(cls, message, key, value="", max_age=None, expires=None, *args, **kwargs):
        if isinstance(expires, sessions.datetime.datetime):
            max_age, expires = until(expires, sessions.timezone), None
        return stock(cls, message, key, value, max_age, expires, *args, **kwargs)

    patch.replace(middleware, "set_cookie", classmethod(set_cookie))
