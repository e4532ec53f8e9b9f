import os

from tests.conftest import CHECKOUT

from .__main__ import page


def test_the_table_in_docs_is_up_to_date():
    with open(os.path.join(CHECKOUT, "docs", "hostile-input.md"), encoding="utf-8") as file:
        assert file.read() == page(), "python -m tests.hostile > docs/hostile-input.md"
