"""
Let mod_wsgi's check_password() take as long for users that are unknown or inactive as for others.

No hasher ran for them, and the time told who exists (CVE-2025-13473).
https://www.djangoproject.com/weblog/2026/feb/03/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="the duration of a login through mod_wsgi reveals who exists",
    cves=("CVE-2025-13473",),
)


@patch.when_imported("django.contrib.auth.handlers.modwsgi")
def repair(modwsgi):
    stock = vars(modwsgi).get("check_password")
    names = getattr(stock, "__code__", None) and stock.__code__.co_names or ()
    patch.expect({"UserModel", "is_active"} <= set(names), "users are looked up differently")

    @functools.wraps(stock)
    def check_password(environ, username, password):
        checked = stock(environ, username, password)
        if checked is None:
            modwsgi.UserModel().set_password(password)  # on an object that is never saved
        return checked

    patch.replace_everywhere(modwsgi, "check_password", check_password)
