"""
Store no page in the cache that is for one visitor.

What UpdateCacheMiddleware and cache_page now leave out: Cache-Control with private, no-cache or
no-store in any case (CVE-2026-8404), Vary with * or with whitespace around it (CVE-2026-6907,
CVE-2026-48587), and a page that sets a cookie and varies on Cookie (CVE-2026-48588; a page with a
CSRF token does, so forms are not cached any more). A request with Authorization is answered from
the cache for the same credentials only, unless the page is public (CVE-2026-35193).
https://www.djangoproject.com/weblog/2026/jun/03/security-releases/
"""

import functools

from ...patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="one visitor's page is served from the cache to another",
    cves=(
        "CVE-2026-6907",
        "CVE-2026-8404",
        "CVE-2026-35193",
        "CVE-2026-48587",
        "CVE-2026-48588",
    ),
)


@patch.when_imported("django.utils.cache")
def repair_vary(cache):
    stock = vars(cache).get("has_vary_header")

    @functools.wraps(stock)
    def has_vary_header(response, header_query):
        return header_query.strip().lower() in names_in(response, "Vary")

    patch.replace_everywhere(cache, "has_vary_header", has_vary_header)


@patch.when_imported("django.middleware.cache")
def repair_middleware(cache):
    from django.utils.cache import patch_vary_headers

    stock = vars(cache.UpdateCacheMiddleware).get("process_response")
    patch.expect(stock, "UpdateCacheMiddleware has no process_response")

    @functools.wraps(stock)
    def process_response(self, request, response):
        if self._should_update_cache(request, response):
            vary = names_in(response, "Vary")
            control = names_in(response, "Cache-Control")
            if (
                "*" in vary
                or control & {"private", "no-cache", "no-store"}
                or (response.cookies and "cookie" in vary)
            ):
                return response
            if response.has_header("Vary"):  # it is read again, with less care, for the key
                response["Vary"] = response["Vary"].strip()
            if request.META.get("HTTP_AUTHORIZATION") and "public" not in control:
                patch_vary_headers(response, ("Authorization",))
        return stock(self, request, response)

    patch.replace(cache.UpdateCacheMiddleware, "process_response", process_response)


def names_in(response, header):
    """The names in a header, in small letters and without their values."""
    parts = response.get(header, "").lower().split(",")
    return {part.partition("=")[0].strip() for part in parts}
