"""What a stream has kept, page by page from its end, as a view shows it."""

# Only names of our own tables are formatted into statements, quoted by the backend.
# ruff: noqa: S608

import collections
from typing import Optional

from django.db import router, transaction

from .models import Entry, Stream
from .names import check_storable
from .store import MAX_SEQ, Row

MOST = 1000


class Page(collections.namedtuple("Page", "rows before")):
    """
    `rows` of (seq, json_text), in order; `before` is what to ask for the page before this one, or
    None where it begins with the oldest entry that is kept.
    """

    __slots__ = ()


def history(name: str, before: Optional[int] = None, limit: int = 50) -> Page:
    """See compat.streams.history()."""
    check_storable(name)
    for value, label, most in ((before, "before", MAX_SEQ), (limit, "limit", MOST)):
        if value is None and label == "before":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise ValueError(f"{label} must be an integer from 1 to {most}, not {value!a:.40}")
    connection = transaction.get_connection(router.db_for_write(Entry))
    entries = connection.ops.quote_name(Entry._meta.db_table)
    streams = connection.ops.quote_name(Stream._meta.db_table)
    with connection.cursor() as cursor:
        # One more than asked for tells whether there is a page before.
        cursor.execute(
            f"SELECT seq, body FROM {entries} WHERE stream_id = (SELECT id FROM {streams} "
            "WHERE name = %s) AND seq < %s ORDER BY seq DESC LIMIT %s",
            [name, MAX_SEQ if before is None else before, limit + 1],
        )
        rows = [Row(*row) for row in cursor.fetchall()]
    more = len(rows) > limit
    rows = rows[:limit][::-1]
    return Page(rows, rows[0].seq if more else None)
