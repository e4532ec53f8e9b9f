"""
Treat a Referer that Python refuses to split as malformed, a 403, and not as an error of the site.

Brackets in the host that hold no address (`https://[a]/`) are refused since Python 3.11.4, and more
of them with each security release.
https://github.com/python/cpython/issues/103848
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a POST over HTTPS with the Referer https://[a]/ answers 500, ValueError",
)


@patch.when_imported("django.middleware.csrf")
def repair_csrf(csrf):
    patch.replace(csrf, "urlparse", lenient(csrf.urlparse))


@patch.when_imported("django.middleware.common")
def repair_common(common):
    patch.replace(common, "urlparse", lenient(common.urlparse))


def lenient(stock):
    """urlparse() that finds nothing in a URL that is none."""

    def urlparse(url, *args):
        try:
            return stock(url, *args)
        except ValueError:
            return stock("", *args)

    return urlparse
