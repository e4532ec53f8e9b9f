import os

from tests.support import CHECKOUT

from .__main__ import page

PAGE = os.path.join("docs", "reference", "hostile-input.md")


def test_the_table_in_docs_is_up_to_date():
    with open(os.path.join(CHECKOUT, PAGE), encoding="utf-8") as file:
        assert file.read() == page(), "python -m tests.labs.hostile > " + PAGE
