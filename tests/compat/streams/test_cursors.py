"""Where a reader goes on: what is read of an address and of a cursor, and what is refused."""

import pytest

from compat.streams.consumer import parse_cursor, parse_since, since_from
from compat.streams.follower import LATEST
from compat.streams.store import MAX_SEQ


@pytest.mark.parametrize(
    "value, cursor",
    [
        (0, 0),
        ("0", 0),
        ("007", 7),
        (12, 12),
        (MAX_SEQ, MAX_SEQ),
        (str(MAX_SEQ), MAX_SEQ),
        ("latest", LATEST),
        ("-1", LATEST),
        (-1, LATEST),
    ],
)
def test_a_cursor_is_a_number_or_latest(value, cursor):
    assert parse_since(value) == cursor


@pytest.mark.parametrize(
    "value",
    [-2, "-2", "", " 1", "1\n", "1 ", "+1", "1.0", 1.0, True, False, None, "Latest", "\u0661"]
    + [MAX_SEQ + 1, str(MAX_SEQ + 1), "0" * 20, b"1"],
)
def test_anything_else_is_refused_in_one_line(value):
    with pytest.raises(
        ValueError, match="since must be a sequence number or latest, not .*$"
    ) as error:
        parse_since(value)
    assert len(str(error.value)) < 100 and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "query, text, epoch",
    [
        (b"since=41", "41", None),
        (b"since=41&epoch=e1", "41", "e1"),
        ("since=41&epoch=e1", "41", "e1"),
        (b"epoch=&since=", "", ""),
        (b"since=1&since=2&epoch=a&epoch=b", "2", "b"),
        (b"since=e1%3A5", "e1:5", None),
    ],
)
def test_an_address_says_it(query, text, epoch):
    found = since_from({"query_string": query})
    assert found == text and found.epoch == epoch


@pytest.mark.parametrize("scope", [{}, {"query_string": b""}, {"query_string": b"epoch=e&a=since"}])
def test_an_address_without_it(scope):
    assert since_from(scope) is None


@pytest.mark.parametrize(
    "query, cursor",
    [
        ("since=5&epoch=e1", (5, "e1")),
        ("since=5&epoch=", (5, "")),
        ("since=5", (5, None)),
        ("since=e2:5&epoch=e1", (5, "e2")),
        ("since=%s:latest" % ("x" * 16), (LATEST, "x" * 16)),
    ],
)
def test_the_epoch_comes_beside_it_or_before_it(query, cursor):
    assert parse_cursor(since_from({"query_string": query})) == cursor


@pytest.mark.parametrize("text", [":5", "a b:5", "x" * 17 + ":5", "e\n:5", "a:b:5", "e1:", "e1:x"])
def test_an_epoch_is_short_and_plain(text):
    with pytest.raises(ValueError, match="since must"):
        parse_cursor(text)
