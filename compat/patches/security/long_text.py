"""
Do not normalise text that is too long to be valid, which takes very long on Windows.

A UsernameField leaves a longer name than its `max_length` as it is, and is then invalid; a URLField
one of more than 2048 characters. A redirect to a URL of more than 16384 characters is a
DisallowedRedirect, status 400 (CVE-2023-46695, CVE-2025-64458, CVE-2026-25673).
https://www.djangoproject.com/weblog/2026/mar/03/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a name or a URL of some megabytes in a form keeps a thread busy on Windows",
    cves=("CVE-2023-46695", "CVE-2025-64458", "CVE-2026-25673"),
)

MAX_URL, MAX_REDIRECT = 2048, 16384


@patch.when_imported("django.contrib.auth.forms")
def repair_names(auth_forms):
    leave_long(auth_forms.UsernameField, lambda self: self.max_length)


@patch.when_imported("django.forms.fields")
def repair_urls(fields):
    leave_long(fields.URLField, lambda self: MAX_URL)


def leave_long(field, limit_of):
    """Make the to_python() of a kind of CharField that of CharField for what is too long."""
    stock, plain = vars(field).get("to_python"), field.__mro__[1].to_python
    patch.expect(stock is not None, "%s has no to_python()" % field.__name__)

    @functools.wraps(stock)
    def to_python(self, value):
        text, limit = plain(self, value), limit_of(self)
        # Not for an empty value, which may be another than a string.
        if isinstance(text, str) and limit is not None and len(text) > limit:
            return text
        return stock(self, value)

    patch.replace(field, "to_python", to_python)


@patch.when_imported("django.http.response")
def repair_redirects(response):
    stock = vars(response.HttpResponseRedirectBase).get("__init__")
    patch.expect(
        stock is not None and {"force_text", "DisallowedRedirect"} <= set(vars(response)),
        "redirects are made differently",
    )

    @functools.wraps(stock)
    def __init__(self, redirect_to, *args, **kwargs):
        if len(response.force_text(redirect_to)) > MAX_REDIRECT:
            raise response.DisallowedRedirect("More than %d characters" % MAX_REDIRECT)
        stock(self, redirect_to, *args, **kwargs)

    patch.replace(response.HttpResponseRedirectBase, "__init__", __init__)
