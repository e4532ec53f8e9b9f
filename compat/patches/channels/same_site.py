"""
Send channels' session cookie with the SameSite attribute that the site's middleware gives Django's.

Only where settings list compat.same_site.SameSiteMiddleware.
https://github.com/django/channels/issues/1554
"""

import functools

from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.0.2,<3.0.4",
    symptom="a consumer's session cookie is sent along with requests that other sites cause",
)


@patch.when_imported("channels.sessions")
def repair(sessions):
    import inspect

    middleware = sessions.CookieMiddleware
    stock = vars(middleware).get("set_cookie")
    patch.expect(isinstance(stock, classmethod), "cookies are set differently")
    if "samesite" in inspect.signature(stock.__func__).parameters:
        raise NotNeeded("channels sends it")

    @functools.wraps(stock.__func__)
    def set_cookie(cls, message, key, *args, **kwargs):
        stock.__func__(cls, message, key, *args, **kwargs)
        from ... import same_site

        if same_site.is_used():
            _, value = same_site.attributes().get(key, (None, None))
            if value:
                name, header = message["headers"][-1]
                message["headers"][-1] = (name, header + b"; SameSite=" + value.encode("ascii"))

    patch.replace(middleware, "set_cookie", classmethod(set_cookie))
