"""?since= of a stream: a whole number as it is written, or refused."""

from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

from .site import configure

configure(INSTALLED_APPS=["compat", "compat.streams", "django.contrib.contenttypes"])

from compat.streams.consumer import LATEST, parse_since, since_from  # noqa: E402
from compat.streams.store import MAX_SEQ  # noqa: E402

TEXT = st.one_of(
    st.text(max_size=30).filter(lambda text: text.isprintable() or True),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(
        [
            "latest",
            "-1",
            "",
            "0",
            "00",
            "1e3",
            "0x1",
            "1_0",
            " 1",
            "1\n",
            "\u0661",
            str(MAX_SEQ),
            str(MAX_SEQ + 1),
        ]
    ),
)
CASES = st.one_of(
    TEXT.map(
        lambda text: (text, b"since=" + quote_from_bytes(text.encode("utf-8", "replace")).encode())
    ),
    st.binary(max_size=60).map(lambda data: (None, data)),
    st.lists(
        st.sampled_from([b"since", b"=", b"&", b"1", b"%", b"%ff", b";", b"+", b"-1", b"\xff"]),
        max_size=12,
    ).map(lambda parts: (None, b"".join(parts))),
)


def check(case):
    text, query = case
    found = since_from({"query_string": query})
    assert found is None or isinstance(found, str)
    if text is not None:
        assert found == text.encode("utf-8", "replace").decode("utf-8")
    if found is None:
        return
    if found in ("latest", "-1"):
        assert parse_since(found) == LATEST
        return
    good = 1 <= len(found) <= 19 and set(found) <= set("0123456789") and int(found) <= MAX_SEQ
    try:
        position = parse_since(found)
    except ValueError as error:
        assert not good and len(str(error)) < 200 and str(error).isprintable()
    else:
        assert good and position == int(found)
