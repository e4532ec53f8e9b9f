"""
Cookies of Django 1.11 with a SameSite attribute, which it has no settings for.

One line, first of all::

    MIDDLEWARE = ["compat.same_site.SameSiteMiddleware", ...]

The settings are named as in Django 2.1, SESSION_COOKIE_SAMESITE and CSRF_COOKIE_SAMESITE: "Lax",
which is the default, "Strict", "None" for cookies that other sites' pages may send (browsers then
want them Secure), and None for no attribute. channels' cookies are covered by a patch.
"""

import http.cookies
from typing import Any, Dict, Optional, Tuple

from django.conf import settings
from django.utils.deprecation import MiddlewareMixin

from ._kinds import OneOf
from ._settings import Setting

MIDDLEWARE = __name__ + ".SameSiteMiddleware"
VALUE = OneOf(("Lax", "Strict", "None"), {None: None, False: None})
TEXT = (
    "The SameSite attribute of the cookie of %s, if the bridge's middleware is installed. With %r "
    "pages of other sites can send it, and browsers demand that it is Secure; None: no attribute."
)
SECTION = "Passwords, cookies and pages"
SESSION = Setting("SESSION_COOKIE_SAMESITE", VALUE, "Lax", TEXT % ("sessions", "None"), SECTION)
CSRF = Setting("CSRF_COOKIE_SAMESITE", VALUE, "Lax", TEXT % ("CSRF", "None"), SECTION)

# Python knows the attribute since 3.8.
http.cookies.Morsel._reserved.setdefault("samesite", "SameSite")  # type: ignore[attr-defined]


class SameSiteMiddleware(MiddlewareMixin):
    """Adds the attribute to the cookies of sessions and CSRF; to be listed before theirs."""

    def process_response(self, request: Any, response: Any) -> Any:
        for name, (_, value) in attributes().items():
            cookie = response.cookies.get(name)
            if cookie is not None and value and not cookie["samesite"]:
                cookie["samesite"] = value
        return response


def attributes() -> Dict[str, Tuple[str, Optional[str]]]:
    """{name of the cookie: (name of the setting, "Lax", "Strict", "None" or None)}."""
    return {
        settings.SESSION_COOKIE_NAME: (SESSION.name, SESSION()),
        settings.CSRF_COOKIE_NAME: (CSRF.name, CSRF()),
    }


def is_used() -> bool:
    """Whether the site lists the middleware."""
    listed = list(getattr(settings, "MIDDLEWARE", None) or ())
    return MIDDLEWARE in listed + list(getattr(settings, "MIDDLEWARE_CLASSES", ()))
