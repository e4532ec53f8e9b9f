"""
Store no page in the cache that is for one visitor.

What UpdateCacheMiddleware and cache_page now leave out: Cache-Control with private, no-cache or
no-store in any case (CVE-2026-8404), Vary with * or with whitespace around it (CVE-2026-6907,
CVE-2026-48587), and a page that varies on Cookie and sets one that the visitor does not have yet
(CVE-2026-48588). A cookie that is sent again as it came, as every form's CSRF token is, is in the
key of the page and no reason. A request with Authorization is answered from the cache for the same
credentials only, unless the page is public (CVE-2026-35193).
https://www.djangoproject.com/weblog/2026/jun/03/security-releases/
"""

import functools
import re

from ...patching.patch import Patch

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
    stock_has, stock_learn = vars(cache).get("has_vary_header"), vars(cache).get("learn_cache_key")
    patch.expect(stock_has and stock_learn, "Vary is looked at elsewhere")

    @functools.wraps(stock_has)
    def has_vary_header(response, header_query):
        return header_query.strip().lower() in names_in(response, "Vary")

    @functools.wraps(stock_learn)
    def learn_cache_key(request, response, *args, **kwargs):
        if response.has_header("Vary"):
            # Else a name at either end has whitespace in it, and no request has that header.
            response["Vary"] = response["Vary"].strip()
        return stock_learn(request, response, *args, **kwargs)

    patch.replace_everywhere(cache, "has_vary_header", has_vary_header)
    patch.replace_everywhere(cache, "learn_cache_key", learn_cache_key)


@patch.when_imported("django.middleware.cache")
def repair_middleware(cache):
    from django.http.cookie import parse_cookie
    from django.utils.cache import get_max_age, patch_vary_headers

    stock = vars(cache.UpdateCacheMiddleware).get("process_response")
    patch.expect(stock, "UpdateCacheMiddleware has no process_response")

    def sets_new_cookie(request, response):
        # Not request.COOKIES, which code may change: the key of the page goes by the header.
        had = parse_cookie(request.META.get("HTTP_COOKIE", "")) if response.cookies else {}
        return any(had.get(name) != new.value for name, new in response.cookies.items())

    @functools.wraps(stock)
    def process_response(self, request, response):
        if (
            self._should_update_cache(request, response)
            and not response.streaming
            and response.status_code in (200, 304)
        ):
            vary = names_in(response, "Vary")
            control = names_in(response, "Cache-Control")
            if "*" in vary or control & {"private", "no-cache", "no-store"}:
                return response
            if "cookie" in vary and sets_new_cookie(request, response):
                return response
            if (
                request.META.get("HTTP_AUTHORIZATION")
                and "public" not in control
                and get_max_age(response) != 0
            ):
                patch_vary_headers(response, ("Authorization",))
        return stock(self, request, response)

    patch.replace(cache.UpdateCacheMiddleware, "process_response", process_response)


def names_in(response, header):
    """The names in a header, in small letters and without their values."""
    parts = re.sub('"[^"]*"', "", response.get(header, "").lower()).split(",")
    return {part.partition("=")[0].strip() for part in parts}
