"""The parameters of a header, as stock splits them; and the work for it grows with the header."""

import sys

from hypothesis import strategies as st

from .site import configure, outcome, stock

configure()

import cgi  # noqa: E402

from django.http import multipartparser  # noqa: E402

STOCK_CGI = stock("cgi")
STOCK_PARSER = stock("django.http.multipartparser")
PIECES = st.sampled_from(
    ["form-data", ";", ";;", '"', '\\"', "\\", "=", " ", "\t", "*", "'", "name", "filename", "a"]
    + ["filename*=UTF-8''%c3%a9", "charset=utf-8", "%", "%ff", ",", "\n", "\xe9", "\0"]
)
CASES = st.tuples(st.lists(PIECES, max_size=40).map("".join), st.integers(2, 40))


def check(case):
    text, times = case
    assert outcome(cgi.parse_header, text) == outcome(STOCK_CGI.parse_header, text)
    data = text.encode("utf-8")
    ours, theirs = multipartparser.parse_header, STOCK_PARSER.parse_header
    assert outcome(ours, data) == outcome(theirs, data)
    # Twice as long, so many times over: about twice the work.
    for function, whole in (
        (cgi._parseparam, ";" + text),
        (multipartparser._parse_header_params, b";" + data),
    ):
        small, large = work(function, whole * times), work(function, whole * 2 * times)
        assert large <= 2.2 * small + 20, (small, large)


def work(function, whole):
    """Calls of str's and bytes' methods, each of which looks at what is new only."""
    calls = [0]

    def count(frame, event, argument):
        calls[0] += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        list(function(whole))
    finally:
        sys.setprofile(None)
    return calls[0]
