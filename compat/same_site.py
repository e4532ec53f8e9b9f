"""
Cookies of Django 1.11 with a SameSite attribute, which it has no settings for.

One line, first of all::

    MIDDLEWARE = ["compat.same_site.SameSiteMiddleware", ...]

The settings are named as in Django 2.1, SESSION_COOKIE_SAMESITE and CSRF_COOKIE_SAMESITE: "Lax",
which is the default, "Strict", "None" for cookies that other sites' pages may send (browsers then
want them Secure), and None for no attribute. channels' cookies are covered by a patch.
"""

import http.cookies

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.deprecation import MiddlewareMixin

MIDDLEWARE = __name__ + ".SameSiteMiddleware"
VALUES = ("Lax", "Strict", "None")

# Python knows the attribute since 3.8.
http.cookies.Morsel._reserved.setdefault("samesite", "SameSite")


class SameSiteMiddleware(MiddlewareMixin):
    """Adds the attribute to the cookies of sessions and CSRF; to be listed before theirs."""

    def __init__(self, get_response=None):
        super().__init__(get_response)
        attributes()  # complain at the start

    def process_response(self, request, response):
        for name, (_, value) in attributes().items():
            cookie = response.cookies.get(name)
            if cookie is not None and value and not cookie["samesite"]:
                cookie["samesite"] = value
        return response


def attributes():
    """{name of the cookie: (name of the setting, "Lax", "Strict", "None" or None)}."""
    return {
        settings.SESSION_COOKIE_NAME: ("SESSION_COOKIE_SAMESITE", of("SESSION_COOKIE_SAMESITE")),
        settings.CSRF_COOKIE_NAME: ("CSRF_COOKIE_SAMESITE", of("CSRF_COOKIE_SAMESITE")),
    }


def of(setting):
    """The value of a setting, spelt as in the header; raises ImproperlyConfigured."""
    value = getattr(settings, setting, "Lax")
    if value is None or value is False:
        return None
    for known in VALUES:
        if isinstance(value, str) and value.lower() == known.lower():
            return known
    raise ImproperlyConfigured('%s=%r: expected "Lax", "Strict", "None" or None' % (setting, value))


def is_used():
    """Whether the site lists the middleware."""
    listed = list(getattr(settings, "MIDDLEWARE", None) or ())
    return MIDDLEWARE in listed + list(getattr(settings, "MIDDLEWARE_CLASSES", ()))
