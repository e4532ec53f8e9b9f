"""
Forgets the beginnings of streams, by the age, the number or the size of their entries.

    STREAMS_KEEP = {
        "deploy:*": {"max_age": timedelta(days=90), "max_bytes": 256 * 1024 ** 2},
        "*": {"max_entries": 100000},
    }

The first pattern (fnmatch's) that fits a stream's name decides; what none fits is kept for ever.
`max_age` is a timedelta or seconds, `max_bytes` counts the entries' JSON. Nothing happens by
itself: `manage.py streams_trim` does it, or trim_all() from a process of yours. A reader that asks
for what is gone is told so: it gets a `gap` frame with the oldest sequence number.
"""

# Only names of our own tables are formatted into statements, quoted by the backend.
# ruff: noqa: S608

import datetime
import fnmatch
import time
from typing import Any, Callable, Iterable, List, Optional, Tuple

from django.db import Error, router, transaction
from django.utils import timezone

from . import keys
from ._settings import KEEP, limits  # noqa: F401  # limits() makes what trim() takes
from .busy import is_busy
from .models import Entry, Stream

# At most so many entries go in one transaction, and fewer if it takes longer than this: whoever
# appends waits for it (on PostgreSQL only for its last statement, however many go). Not too few: a
# commit may take long whatever is in it. Then it is the others' turn, for as long: on SQLite, those
# who wait for the lock look for it now and then only.
PIECE, LEAST_PIECE = 1000, 200
PIECE_SECONDS, LONGEST_REST = 0.05, 0.25
# At most so many are looked at in one statement for one that is young enough.
STRIDE = 20000
ATTEMPTS = 20
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0


def policy() -> List[Tuple[str, Any]]:
    """[(pattern, Limits)] of the setting STREAMS_KEEP."""
    return list((KEEP() or {}).items())


def limits_for(name: str, rules: Iterable[Tuple[str, Any]]) -> Any:
    """The Limits of the first pattern that fits; None when none does."""
    for pattern, found in rules:
        if fnmatch.fnmatchcase(name, pattern):
            return found
    return None


def trim_all(
    rules: Optional[List[Tuple[str, Any]]] = None,
    names: Optional[Iterable[str]] = None,
    dry_run: bool = False,
    each: Optional[Callable[[str, int], Any]] = None,
) -> int:
    """
    Trim every stream, or those in `names`, by `rules` (default: policy()); returns how many
    entries were removed. each(name, number) is called for streams that lost some.
    """
    rules = policy() if rules is None else rules
    total = 0
    if not dry_run:
        keys.forget_old(router.db_for_write(Stream))
    streams = Stream.objects.using(router.db_for_write(Stream)).order_by("pk")
    if names is not None:
        streams = streams.filter(name__in=names)
    for name in list(streams.values_list("name", flat=True)) if rules else []:
        wanted = limits_for(name, rules)
        number = 0 if wanted is None else trim(name, wanted, dry_run)
        total += number
        if number and each is not None:
            each(name, number)
    return total


def trim(name: str, wanted: Any, dry_run: bool = False) -> int:
    """
    Remove the oldest entries of a stream until it is within the Limits; returns how many.

    Sequence numbers go on as before. In transactions of its own, oldest first: whenever it is
    interrupted, what is left is a stream without a hole.
    """
    log = Log(name)
    if not log.look():
        return 0
    last = log.last_to_go(wanted)
    if dry_run:
        return last - log.oldest + 1
    removed, end, piece = 0, log.oldest - 1, PIECE
    while end < last:
        # What went before is not looked at again: on PostgreSQL it may lie there for long.
        first, end = end + 1, min(last, end + piece)
        begun = time.monotonic()
        removed += log.remove(first, end)
        took = time.monotonic() - begun
        if took > PIECE_SECONDS and log.connection.vendor != "postgresql":
            piece = max(min(LEAST_PIECE, PIECE), piece // 2)
        elif took < PIECE_SECONDS / 4:
            piece = min(PIECE, 2 * piece)
        if end < last and not log.connection.in_atomic_block:
            time.sleep(min(took, LONGEST_REST))
    return removed


class Log:
    """A stream as trim() sees it: `oldest` … `newest`, and their `size`."""

    def __init__(self, name):
        self.name = name
        self.connection = transaction.get_connection(router.db_for_write(Stream))
        self.entries = self.connection.ops.quote_name(Entry._meta.db_table)
        self.streams = self.connection.ops.quote_name(Stream._meta.db_table)

    def _one(self, statement, *params):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, params)
            return cursor.fetchone()

    def look(self):
        """See what is there now; False when there is nothing."""
        row = self._one(
            f"SELECT id, last_seq, size, (SELECT MIN(seq) FROM {self.entries} "
            f"WHERE stream_id = {self.streams}.id) FROM {self.streams} WHERE name = %s",
            self.name,
        )
        if row is None or row[3] is None:
            return False
        self.id, self.newest, self.size, self.oldest = row
        return True

    def last_to_go(self, wanted):
        """The newest entry that is over a limit; oldest - 1 when there is none."""
        last = self.oldest - 1
        if wanted.max_entries is not None:
            last = max(last, self.newest - wanted.max_entries)
        if wanted.max_age is not None:
            last = max(last, self._older_than(wanted.max_age))
        if wanted.max_bytes is not None and last < self.newest:
            last = max(last, self._over(wanted.max_bytes))
        return last

    def _older_than(self, seconds):
        """The entry before the oldest that is young enough, looked for from the oldest on.

        What lies between may be old, of a time when a clock was wrong, or missing: halving, which
        would be faster, takes either for a sign that all before it is old.
        """
        try:
            before = timezone.now() - datetime.timedelta(seconds=seconds)
        except OverflowError:  # nothing is as old as that
            return self.oldest - 1
        entries = Entry.objects.using(self.connection.alias).filter(stream_id=self.id)
        young = entries.filter(created__gte=before).order_by("seq").values_list("seq", flat=True)
        for since in range(self.oldest - 1, self.newest, STRIDE):
            found = young.filter(seq__gt=since, seq__lte=since + STRIDE).first()
            if found is not None:
                return found - 1
        return self.newest

    def _over(self, size):
        """The entry up to which all must go, read from the oldest on: there is an end to that."""
        excess, since = self.size - size, self.oldest - 1
        while excess > 0 and since < self.newest:
            with self.connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT seq, LENGTH(body) FROM {self.entries} WHERE stream_id = %s "
                    "AND seq > %s ORDER BY seq LIMIT %s",
                    [self.id, since, PIECE],
                )
                rows = cursor.fetchall()
            if not rows:
                break
            for seq, length in rows:
                since = seq
                excess -= length
                if excess <= 0:
                    break
        return since

    def remove(self, first, last):
        """Remove the entries first … last in one transaction, tried again when it is busy; returns
        how many."""
        pause = FIRST_PAUSE
        for attempt in range(ATTEMPTS):
            try:
                return self._remove(first, last)
            except Error as error:
                if not is_busy(error) or attempt == ATTEMPTS - 1:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _remove(self, first, last):
        delete = self._delete_at_once if self.connection.vendor == "postgresql" else self._delete
        with transaction.atomic(using=self.connection.alias):
            with self.connection.cursor() as cursor:
                removed, size = delete(cursor, [self.id, first, last])
                cursor.execute(
                    f"UPDATE {self.streams} SET size = size - %s WHERE id = %s", [size, self.id]
                )
                return removed

    def _delete_at_once(self, cursor, params):
        """Delete, and learn what was deleted; nobody who appends waits for that."""
        cursor.execute(
            f"WITH gone AS (DELETE FROM {self.entries} "
            "WHERE stream_id = %s AND seq >= %s AND seq <= %s RETURNING LENGTH(body) AS size) "
            "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM gone",
            params,
        )
        return map(int, cursor.fetchone())

    def _delete(self, cursor, params):
        where = "stream_id = %s AND seq >= %s AND seq <= %s"
        # The row first, as those who append do: they and other trimmers wait for us.
        cursor.execute(f"UPDATE {self.streams} SET size = size WHERE id = %s", params[:1])
        cursor.execute(
            f"SELECT COALESCE(SUM(LENGTH(body)), 0) FROM {self.entries} WHERE {where}", params
        )
        size = int(cursor.fetchone()[0])
        cursor.execute(f"DELETE FROM {self.entries} WHERE {where}", params)
        return cursor.rowcount, size
