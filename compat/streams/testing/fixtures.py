"""A plugin of pytest: the fixture `published`."""

from typing import Any, Callable, List

import pytest

from ..models import Entry
from ..names import check_name


@pytest.fixture
def published(request: Any) -> "Callable[[str], List[Any]]":
    """published("news"): the bodies that were published to that stream since the test began."""
    if "transactional_db" not in request.fixturenames:
        request.getfixturevalue("db")  # pytest-django's
    entries = Entry.objects.order_by("-pk").values_list("pk", flat=True)
    before = entries.first() or 0

    def bodies(stream: str) -> "List[Any]":
        from ..store import Row

        rows = Entry.objects.filter(stream__name=check_name(stream), pk__gt=before)
        return [Row(*row).body for row in rows.order_by("seq").values_list("seq", "body")]

    return bodies
