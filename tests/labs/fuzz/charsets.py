"""Charsets of a form: the form is read, or what stock raises for it is not raised any more."""

import codecs
import encodings
import io
import pkgutil

from hypothesis import strategies as st

from .site import configure

configure()

from django.core.exceptions import SuspiciousOperation  # noqa: E402
from django.core.handlers.wsgi import WSGIRequest  # noqa: E402

KNOWN = sorted({name for _, name, _ in pkgutil.iter_modules(encodings.__path__)})
CASES = st.tuples(
    st.one_of(
        st.sampled_from(KNOWN),
        st.text(st.characters(max_codepoint=255), max_size=20),
        st.sampled_from(["../x", "a" * 5000, "utf-8\0", "utf 8", "UTF_8", "-", ".", "os.path"]),
    ),
    st.one_of(st.just(b"a=%c3%a9&b=c"), st.binary(max_size=40)),
)


def check(case):
    charset, body = case
    kept = len(encodings._cache)
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "application/x-www-form-urlencoded; charset=" + charset,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    request = WSGIRequest(environ)
    try:
        post = request.POST
    except SuspiciousOperation:
        return
    assert all(isinstance(text, str) for pair in post.items() for text in pair)
    if charset in ("utf_8", "latin_1", "cp1252", "koi8_r", "shift_jis"):
        assert codecs.lookup(request.encoding) == codecs.lookup(charset)
    assert len(encodings._cache) - kept <= 1
