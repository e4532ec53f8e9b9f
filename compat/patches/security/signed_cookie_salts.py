"""
Sign a cookie for its name and its salt, and not for the two run together (CVE-2026-6873).

A cookie "user" with the salt "_id" was also good as "user_id" without one. Cookies without a salt
are signed as before, so that code which uses get_cookie_signer(name) by hand agrees; those with a
salt end in its length. Cookies with a salt that were signed without this patch are refused: the
setting COMPAT_LEGACY_SIGNED_COOKIES = True signs and takes them as before, and has the confusion.
Sessions in signed cookies are signed in another way and stay.
https://www.djangoproject.com/weblog/2026/jun/03/security-releases/
"""

import functools

from ...patching.patch import Patch
from ...patching.switches import Switch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a signed cookie is accepted under another name",
    cves=("CVE-2026-6873",),
)

legacy = Switch(
    "COMPAT_LEGACY_SIGNED_COOKIES",
    text="True: cookies with a salt are signed as without the bridge, and those signed before it "
    "was installed stay valid, but one can be passed off as another whose name and salt are the "
    "same text when joined.",
    reopens=patch.cves,
)


def unambiguous(salt):
    """The salt to put after the name of a cookie: the end says where the name stopped."""
    return "%s:v2:%d" % (salt, len(salt))


def is_plain(key, salt):
    """Whether a cookie has no salt, and a name that cannot be taken for one and its salt."""
    return not salt and not key.rpartition(":v2:")[1]


# One repair for both sides: cookies that only one of them knows would be worthless.
@patch.when_imported("django.http")
def repair(http):
    from django.core import signing
    from django.http import request, response

    get = vars(request.HttpRequest).get("get_signed_cookie")
    put = vars(response.HttpResponseBase).get("set_signed_cookie")
    for stock in (get, put):
        names = getattr(stock, "__code__", None) and stock.__code__.co_names or ()
        patch.expect("get_cookie_signer" in names, "cookies are signed elsewhere")
    RAISE_ERROR = request.RAISE_ERROR

    @functools.wraps(get)
    def get_signed_cookie(self, key, default=RAISE_ERROR, salt="", max_age=None):
        if legacy() or is_plain(key, salt):
            try:
                return get(self, key, salt=unambiguous(salt), max_age=max_age)
            except signing.SignatureExpired:  # ours, and old
                if default is RAISE_ERROR:
                    raise
                return default
            except (KeyError, signing.BadSignature):
                return get(self, key, default=default, salt=salt, max_age=max_age)
        return get(self, key, default=default, salt=unambiguous(salt), max_age=max_age)

    @functools.wraps(put)
    def set_signed_cookie(self, key, value, salt="", **kwargs):
        as_before = legacy() or is_plain(key, salt)
        return put(self, key, value, salt=salt if as_before else unambiguous(salt), **kwargs)

    patch.replace(request.HttpRequest, "get_signed_cookie", get_signed_cookie)
    patch.replace(response.HttpResponseBase, "set_signed_cookie", set_signed_cookie)
