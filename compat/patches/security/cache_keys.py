"""
Give requests their own key in the page cache where a header is absent, empty, or another.

The values of the headers in Vary were run together: an absent one was the same as an empty one,
and "a" with "bc" the same as "ab" with "c" (CVE-2026-113593). Pages cached for requests that have
such a header are cached anew, others keep their keys.
https://www.djangoproject.com/weblog/2026/nov/03/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a page cached for one value of a header is served for another",
    cves=("CVE-2026-113593",),
)


class Named(object):
    """A request whose headers say their names and lengths."""

    def __init__(self, request, headers):
        self._request = request
        self.META = {}
        for name in headers:
            value = request.META.get(name)
            if value is not None:
                value = str(value)  # test clients put numbers there, too
                self.META[name] = "%s=%d:%s," % (name, len(value), value)

    def __getattr__(self, name):
        return getattr(self._request, name)


@patch.when_imported("django.utils.cache")
def repair(cache):
    stock = vars(cache).get("_generate_cache_key")
    code = getattr(stock, "__code__", None)
    patch.expect(
        code and code.co_varnames[:4] == ("request", "method", "headerlist", "key_prefix"),
        "keys are made elsewhere",
    )

    @functools.wraps(stock)
    def _generate_cache_key(request, method, headerlist, key_prefix):
        return stock(Named(request, headerlist), method, headerlist, key_prefix)

    patch.replace_everywhere(cache, "_generate_cache_key", _generate_cache_key)
