"""A signed cookie is good under its own name and salt, and under no other."""

from hypothesis import strategies as st

from .site import configure

configure()

from django.core import signing  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402

NAME = st.text("ab:v2_1", min_size=1, max_size=8)
SALT = st.text("ab:v2_1", max_size=8)
VALUE = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, blacklist_characters='";,\\'), max_size=12
)
CASES = st.tuples(NAME, SALT, VALUE, NAME, SALT)


def check(case):
    name, salt, value, other_name, other_salt = case
    response = HttpResponse()
    key = name.replace(":", "-")  # no cookie's name has a colon; a salt may
    response.set_signed_cookie(key, value, salt=salt)
    request = HttpRequest()
    signed = response.cookies[key].value
    request.COOKIES = {key: signed, other_name: signed}
    assert request.get_signed_cookie(key, salt=salt) == value
    if (key, salt) != (other_name, other_salt):
        try:
            request.get_signed_cookie(other_name, salt=other_salt)
        except signing.BadSignature:
            pass
        else:
            raise AssertionError("accepted")
