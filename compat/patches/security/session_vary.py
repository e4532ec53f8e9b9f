"""
Let a response that sets or deletes the session cookie vary on Cookie (CVE-2026-35192).

With SESSION_SAVE_EVERY_REQUEST the cookie was sent with pages that never read the session, and a
cache handed one visitor's session to the next.
https://www.djangoproject.com/weblog/2026/may/05/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a cached page gives one visitor the session of another",
    cves=("CVE-2026-35192",),
)


@patch.when_imported("django.contrib.sessions.middleware")
def repair(middleware):
    stock = vars(middleware.SessionMiddleware).get("process_response")
    patch.expect(stock, "SessionMiddleware has no process_response")
    used = {"settings", "patch_vary_headers"}
    patch.expect(used <= set(vars(middleware)), "the cookie is set differently")

    @functools.wraps(stock)
    def process_response(self, request, response):
        response = stock(self, request, response)
        if middleware.settings.SESSION_COOKIE_NAME in response.cookies:
            middleware.patch_vary_headers(response, ("Cookie",))
        return response

    patch.replace(middleware.SessionMiddleware, "process_response", process_response)
