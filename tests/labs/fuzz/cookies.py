"""Cookies of a WebSocket: what the same bytes are under WSGI."""

import io

from hypothesis import strategies as st

from .site import configure

configure()

from channels.sessions import CookieMiddleware  # noqa: E402
from django.core.handlers.wsgi import WSGIRequest  # noqa: E402

PIECES = st.sampled_from(
    [
        b"a",
        b"sessionid",
        b"=",
        b";",
        b"; ",
        b'"',
        b"\\",
        b"\\073",
        b"\\999",
        b",",
        b" ",
        b"\t",
        b"%20",
    ]
    + [b"\xc3\xa9", b"\xff", b"\xe2\x82", b"\x80", b"\0", b"$Version=1", b"expires", b"[", b"]"]
)
CASES = st.one_of(st.lists(PIECES, max_size=30).map(b"".join), st.binary(max_size=60))


def check(data):
    found = CookieMiddleware(lambda scope: scope["cookies"])({"headers": [(b"cookie", data)]})
    environ = {
        "REQUEST_METHOD": "GET",
        "wsgi.input": io.BytesIO(),
        "HTTP_COOKIE": data.decode("latin-1"),
    }
    assert found == WSGIRequest(environ).COOKIES
