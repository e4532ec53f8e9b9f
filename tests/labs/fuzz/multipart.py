"""Multipart forms: what stock makes of them, or an error that becomes a 400."""

import io

from hypothesis import strategies as st

from .site import configure, stock

configure()

from django.core.exceptions import SuspiciousOperation  # noqa: E402
from django.core.files.uploadhandler import MemoryFileUploadHandler  # noqa: E402
from django.http import multipartparser  # noqa: E402

STOCK = stock("django.http.multipartparser")
NAMES = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters='"'), max_size=8
)
# What is left of other names of files is another patch's business.
FILES = st.text("abc \xe9\u65e5._-", max_size=8).map("n{}".format)
CONTENT = st.binary(max_size=200)
FIELD = st.builds(
    lambda name, content: ('name="%s"\r\n\r\n' % name).encode("utf-8") + content, NAMES, CONTENT
)
FILE = st.builds(
    lambda name, file, content: (
        ('name="%s"; filename="%s"\r\nContent-Type: text/plain\r\n\r\n' % (name, file)).encode(
            "utf-8"
        )
        + content
    ),
    NAMES,
    FILES,
    CONTENT,
)
HEAD = b'name="f"; filename="f"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
DIGITS = [b"YWJj", b"YQ==", b"Y", b"=", b" ", b"\r\n", b"*"]
BASE64 = st.lists(st.sampled_from(DIGITS), max_size=9).map(lambda parts: HEAD + b"".join(parts))
PIECES = [
    b"name",
    b'"',
    b"=",
    b";",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"--line",
    b"--line--",
    b"--",
    b"a",
]
PIECES += [b"filename", b"Content-Type: ", b"multipart/mixed; boundary=line", b"\xff", b"\0", b": "]
PIECES += [b"Content-Length: -1"]
ODD = st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join)


def whole(parts):
    start = b"--line\r\nContent-Disposition: form-data; "
    return b"".join(start + part + b"\r\n" for part in parts) + b"--line--\r\n"


FORMS = st.lists(st.one_of(FIELD, FILE, BASE64, ODD), max_size=6).map(whole)
CASES = st.tuples(st.one_of(FORMS, ODD), st.integers(0, 400), st.sampled_from([64 * 1024, 64]))


def check(case):
    data, cut, chunk = case
    for data in (data, data[: max(0, len(data) - cut)]):
        got = parsed(multipartparser, data, chunk)
        if b"base64" not in data:  # stock may read such a one for ever
            assert got == parsed(STOCK, data, chunk)


def parsed(module, data, chunk):
    class Handler(MemoryFileUploadHandler):
        chunk_size = chunk

    meta = {"CONTENT_TYPE": "multipart/form-data; boundary=line", "CONTENT_LENGTH": len(data)}
    parser = module.MultiPartParser(meta, io.BytesIO(data), [Handler()])
    try:
        post, files = parser.parse()
    except SuspiciousOperation as error:
        return type(error).__name__
    except module.MultiPartParserError as error:
        return str(error)
    return sorted(post.lists()), sorted(
        (name, file.name, file.content_type, file.read())
        for name, found in files.lists()
        for file in found
    )
