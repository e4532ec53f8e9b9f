"""History by page."""

import pytest

from compat.streams import history, publish_many, retention

pytestmark = pytest.mark.django_db


def numbers(page):
    return [row.seq for row in page.rows], page.before


def test_pages_go_back_from_the_end():
    publish_many("news", [{"n": n} for n in range(1, 8)])
    page = history("news", limit=3)
    assert numbers(page) == ([5, 6, 7], 5)
    assert [row.body for row in page.rows] == [{"n": 5}, {"n": 6}, {"n": 7}]
    assert numbers(history("news", page.before, 3)) == ([2, 3, 4], 2)
    assert numbers(history("news", 2, 3)) == ([1], None)
    assert numbers(history("news", 4, 3)) == ([1, 2, 3], None)
    assert numbers(history("news", 1)) == ([], None)
    assert numbers(history("news", 1000)) == (list(range(1, 8)), None)


def test_what_was_trimmed_is_not_there():
    publish_many("news", range(7))
    retention.trim("news", retention.limits(max_entries=2))
    assert numbers(history("news", limit=5)) == ([6, 7], None)
    assert numbers(history("news", 5)) == ([], None)
    assert numbers(history("nobody")) == ([], None)


@pytest.mark.parametrize(
    "arguments",
    [("a\n",), ("news", 0), ("news", -1), ("news", "5"), ("news", True), ("news", 2**64),
     ("news", None, 0), ("news", None, 1001), ("news", None, None), ("news", 1.5)],
)  # fmt: skip
def test_what_is_no_page_is_refused(arguments):
    with pytest.raises(ValueError) as refused:
        history(*arguments)
    assert "\n" not in str(refused.value)
