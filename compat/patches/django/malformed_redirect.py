"""
Refuse a redirect to a URL that Python refuses to split as any unsafe one, a 400 and not a 500.

Brackets in the host that hold no address (`http://[a]/`) are refused since Python 3.11.4, and more
of them with each security release.
https://github.com/python/cpython/issues/103848
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a redirect to a URL of the request, http://[a]/, answers 500, ValueError",
)


@patch.when_imported("django.http.response")
def repair(response):
    from django.core.exceptions import DisallowedRedirect

    stock = response.urlparse

    def urlparse(url, *args):
        try:
            return stock(url, *args)
        except ValueError:
            raise DisallowedRedirect("Unsafe redirect to an invalid URL")

    patch.replace(response, "urlparse", urlparse)
