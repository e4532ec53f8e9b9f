"""What a client of many streams writes: streams with cursors, or an error in one short line."""

import json

from hypothesis import strategies as st

from .site import configure

configure(INSTALLED_APPS=["compat", "compat.streams", "channels", "django.contrib.contenttypes"])

from compat.streams.asked import MAX_FRAME, BadFrame, understand  # noqa: E402
from compat.streams.consumer import LATEST, parse_cursor  # noqa: E402
from compat.streams.names import check_name  # noqa: E402
from compat.streams.store import MAX_SEQ  # noqa: E402

TEXT = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["news", "latest", "e1:5", "e1:latest", ":", "a:b:1", "9" * 30, "x" * 300]),
)
ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=8,
)
FRAMES = st.builds(
    lambda kind, streams, more: dict(more, type=kind, streams=streams),
    st.one_of(st.sampled_from(["subscribe", "unsubscribe", "other"]), ANY),
    st.one_of(st.dictionaries(TEXT, ANY, max_size=4), st.lists(TEXT, max_size=4), ANY),
    st.dictionaries(TEXT, ANY, max_size=2),
)
PIECES = ['{"type": "subscribe", "streams": ', '{"type"', "{", "}", "[", "]", ":", ",", '"', "\\"]
PIECES += ["\\ud800", "NaN", "-", "1e999", "9" * 5000, "[" * 3000, '{"a":' * 3000, "\0", "é"]
CASES = st.one_of(
    FRAMES.map(json.dumps),
    ANY.map(json.dumps),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.sampled_from([None, " " * MAX_FRAME, " " * (MAX_FRAME + 1)]),
)


def is_a_line(text):
    return len(text) < 1500 and text.isprintable()


def check(case):
    try:
        kind, streams = understand(case)
    except BadFrame as error:
        code, detail = error.args
        assert code in ("binary", "too-large", "bad-json", "bad-frame") and is_a_line(detail)
        return
    assert isinstance(kind, str) and len(case) <= MAX_FRAME
    assert streams == {} or kind in ("subscribe", "unsubscribe")
    assert kind != "subscribe" or streams == json.loads(case)["streams"] or "NaN" in case
    for name, since in streams.items():
        assert isinstance(name, str)
        try:
            assert check_name(name) == name
            position, epoch = parse_cursor(since)
        except ValueError as error:
            assert is_a_line(str(error)), ascii(str(error))
        else:
            assert position == LATEST or 0 <= position <= MAX_SEQ
            assert epoch is None or 1 <= len(epoch) <= 16
