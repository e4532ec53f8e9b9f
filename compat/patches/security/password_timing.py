"""
Let a login take as long for a user without a usable password as for any other (CVE-2024-39329).

No hasher ran for a password that is unusable or of an unknown kind, and the time told who exists.
https://www.djangoproject.com/weblog/2024/jul/09/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="the duration of a login reveals which users have no password",
    cves=("CVE-2024-39329",),
)


@patch.when_imported("django.contrib.auth.hashers")
def repair(hashers):
    stock = vars(hashers).get("check_password")

    @functools.wraps(stock)
    def check_password(password, encoded, setter=None, preferred="default"):
        if password is None or not hashers.is_password_usable(encoded):
            # Not the one that came: this costs the same however long that is.
            hashers.make_password(hashers.get_random_string(40))
            return False
        return stock(password, encoded, setter, preferred)

    patch.replace_everywhere(hashers, "check_password", check_password)
