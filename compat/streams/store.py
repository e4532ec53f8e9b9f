"""
The log in the database: append and read.

Plain SQL, because an append is on the path of every line a deployment prints and the ORM would
double its cost; the statements are the same on SQLite, PostgreSQL and MySQL.
"""

# Only names of our own tables are formatted into statements, quoted by the backend.
# ruff: noqa: S608

import collections
import json
import random
import time
from typing import Any, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from django.db import Error, IntegrityError, OperationalError, router, transaction
from django.utils import timezone

from . import epochs, group_commit, keys, notification, stats
from .busy import is_busy
from .encoding import encode
from .models import Entry, Stream
from .names import check_storable

# How long an append of its own transaction keeps trying against locks and deadlocks.
RETRY_SECONDS = 30.0
# One INSERT carries at most this many rows (SQLite: 999 variables) and characters (MySQL's packet).
INSERT_ROWS = 240
INSERT_CHARACTERS = 512 * 1024
MAX_SEQ = 2**63 - 1
SQLITE_RETURNING = (3, 35)  # from then on an UPDATE there says what it has made of a row

# (database, stream) pairs whose row was seen: MySQL need not look before its UPDATE.
_seen: Set[Tuple[str, str]] = set()
# Statements as the operations of a backend write them: to make the text takes as long as to run it.
_moves: Dict[Any, str] = {}
_inserts: Dict[Any, str] = {}


class Row(collections.namedtuple("Row", "seq json_text")):
    """A committed entry: its sequence number and its body as JSON text."""

    __slots__ = ()

    @property
    def body(self) -> Any:
        """The body, decoded."""
        return json.loads(self.json_text)


def append(name: str, bodies: Iterable[Any], key: Optional[str] = None) -> Tuple[int, int]:
    """
    Append every body of the iterable `bodies`; returns the sequence range (first, last).

    With a key that was used before nothing is appended: the range is that of the first time.
    """
    check_storable(name)
    key = keys.digest(key)
    if isinstance(bodies, (str, bytes, dict)):
        raise TypeError(f"bodies must be a list of bodies, not {type(bodies).__name__}")
    texts = [encode(body) for body in bodies]
    if not texts:
        raise ValueError("publish_many needs at least one body")
    alias = router.db_for_write(Stream)
    connection = transaction.get_connection(alias)
    while True:
        try:
            if connection.in_atomic_block or not connection.get_autocommit():
                return _append(connection, name, texts, key)
            if key is not None or not group_commit.is_possible(connection, texts):
                return _append_alone(connection, name, texts, key)
            return _append_with_others(connection, name, texts)
        except keys.Taken:
            found = keys.find(connection, name, key)
            if found is not None:  # else its time was over in between
                return found


def _append_with_others(connection, name, texts):
    """Append in a transaction of our own, or in one with what other threads append meanwhile."""

    def put(cursor, name, texts):
        return _put(connection, cursor, name, texts)[1:]

    def alone():
        return _append_alone(connection, name, texts, None)

    return group_commit.append(connection, name, texts, put, alone, _announce)


def _append_alone(connection, name, texts, key):
    """Append in a transaction of our own, which may be repeated when the database is busy."""
    deadline = time.monotonic() + RETRY_SECONDS
    pause = 0.01
    lost = False
    while True:
        progress = []
        try:
            return _append(connection, name, texts, key, progress)
        except Error as error:
            if is_busy(error):
                if time.monotonic() > deadline:
                    raise
            elif lost or (progress and key is None):
                raise
            else:
                # A connection that died while idle shows at the first statement. Nothing was
                # sent yet, so one more attempt on a new connection cannot append twice. With a
                # key it cannot in any case, nor if it was the answer to COMMIT that got lost.
                connection.close_if_unusable_or_obsolete()
                if connection.connection is not None:
                    raise
                lost = True
        time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
        pause = min(pause * 2, 0.5)


def _append(connection, name, texts, key, progress=None):
    """Reserve the range, insert, and announce it after the (outermost) commit."""
    if progress is not None and says_begin(connection):
        first, last, epoch = _transaction(connection, name, texts, key, progress)
        _announce(name, first, texts, epoch)
        return first, last
    alias = connection.alias
    with transaction.atomic(using=alias, savepoint=connection.in_atomic_block):
        with connection.cursor() as cursor:
            stream_id, first, last, epoch = _put(connection, cursor, name, texts)
            if progress is not None:
                progress.append(last)
            if key is not None:
                keys.take(connection, cursor, stream_id, key, first, last)
        connection.on_commit(lambda: _announce(name, first, texts, epoch))
    return first, last


def says_begin(connection: Any) -> bool:
    """Whether BEGIN and COMMIT are statements like others, and Django's own backend says them."""
    ours = type(connection).__module__.startswith(group_commit.ENGINES)
    return ours and connection.vendor == "sqlite"


def _transaction(connection, name, texts, key, progress):
    """
    What atomic() does, in the same words; returns (first, last, epoch).

    On SQLite more time would go into atomic() than into the statements: a cursor for each word, the
    mode of the connection there and back. Nobody else's code runs in between.
    """
    with connection.cursor() as cursor:
        try:
            cursor.execute("BEGIN")
            stream_id, first, last, epoch = _put(connection, cursor, name, texts)
            progress.append(last)
            if key is not None:
                keys.take(connection, cursor, stream_id, key, first, last)
            cursor.execute("COMMIT")
        except BaseException:
            try:
                connection.rollback()
            except Error:
                connection.close()
            raise
    return first, last, epoch


def _put(connection, cursor, name, texts):
    """Reserve the range and insert; returns (stream id, first, last, epoch)."""
    size = sum(map(len, texts))
    if connection.vendor == "postgresql" and fits_one_insert(texts, size):
        row = _put_at_once(connection, cursor, name, texts, size)
        if row is not None:
            stream_id, last, epoch = row
            return stream_id, last - len(texts) + 1, last, epoch
    stream_id, last, epoch = _reserve(connection, cursor, name, len(texts), size)
    first = last - len(texts) + 1
    _insert(connection, cursor, stream_id, first, texts)
    return stream_id, first, last, epoch


def fits_one_insert(texts: Sequence[str], size: int) -> bool:
    """Whether the entries go in one statement."""
    return len(texts) <= INSERT_ROWS and size <= INSERT_CHARACTERS


def _put_at_once(connection, cursor, name, texts, size):
    """In one statement; returns (stream id, last, epoch), None if there is no such stream."""
    entries = connection.ops.quote_name(Entry._meta.db_table)
    streams = connection.ops.quote_name(Stream._meta.db_table)
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    places = ", ".join("(%d, %%s)" % place for place in range(1, len(texts) + 1))
    count = len(texts)
    cursor.execute(
        f"WITH head AS (UPDATE {streams} SET last_seq = last_seq + %s, size = size + %s, "
        "epoch = COALESCE(epoch, %s) WHERE name = %s RETURNING id, last_seq, epoch), "
        f"entry AS (INSERT INTO {entries} (stream_id, seq, body, created) "
        "SELECT head.id, head.last_seq - %s + new.place, new.body, %s "
        f"FROM head, (VALUES {places}) AS new (place, body)) "
        "SELECT id, last_seq, epoch FROM head",
        [count, size, epochs.new(), name, count, now, *texts],
    )
    return cursor.fetchone()


def _announce(name, first, texts, epoch):
    stats.appended.inc(len(texts))
    notification.announce(name, first, texts, epoch)


def _reserve(connection, cursor, name, count, size):
    """Lock the stream's row by moving its head; returns (stream id, new head, epoch)."""
    table = connection.ops.quote_name(Stream._meta.db_table)
    if connection.vendor == "mysql" and (connection.alias, name) not in _seen:
        # An UPDATE that finds nothing takes a gap lock there, and two of them deadlock.
        cursor.execute(f"SELECT 1 FROM {table} WHERE name = %s", [name])
        if cursor.fetchone() is None:
            _create(connection, cursor, table, name)
    # The first statement of the transaction writes: SQLite then waits for the lock instead of
    # failing at an upgrade, and everywhere else writers of one stream queue up on its row.
    params = [count, size, epochs.new(), name]
    row = _move(connection, cursor, table, params)
    if row is None:
        _create(connection, cursor, table, name)
        row = _move(connection, cursor, table, params)
    if not row:
        # Above READ COMMITTED: another transaction created the row after our snapshot.
        raise OperationalError(f"stream {name} is busy: it was created a moment ago")
    if connection.vendor == "mysql":
        if len(_seen) > 10000:
            _seen.clear()
        _seen.add((connection.alias, name))
    return row


def _move(connection, cursor, table, params):
    """
    Move the head of the stream, the last of params; its row then, None where there is none, or ()
    where it cannot be seen.
    """
    returns = can_return(connection)
    kind = type(connection.ops), returns
    update = _moves.get(kind)
    if update is None:
        update = (
            f"UPDATE {table} SET last_seq = last_seq + %s, size = size + %s, "
            "epoch = COALESCE(epoch, %s) WHERE name = %s"
        )
        update = _moves[kind] = update + (" RETURNING id, last_seq, epoch" if returns else "")
    cursor.execute(update, params)
    if returns:
        rows = cursor.fetchall()  # to the end, or the statement stays open
        return rows[0] if rows else None
    if cursor.rowcount == 0:
        return None
    cursor.execute(f"SELECT id, last_seq, epoch FROM {table} WHERE name = %s", params[-1:])
    return cursor.fetchone() or ()


def can_return(connection: Any) -> bool:
    """Whether an UPDATE can say what it has made of a row."""
    if connection.vendor == "sqlite":
        return bool(connection.Database.sqlite_version_info >= SQLITE_RETURNING)
    return bool(connection.vendor == "postgresql")


def _create(connection, cursor, table, name):
    """Insert the stream's row unless another writer was faster."""
    insert = f"INSERT INTO {table} (name, last_seq, size) VALUES (%s, 0, 0)"
    if connection.vendor == "sqlite":
        # There is only one who writes.
        cursor.execute(insert, [name])
        return
    if connection.vendor == "mysql":
        # A plain duplicate leaves a shared lock, and two holders deadlock at their UPDATE.
        cursor.execute(insert + " ON DUPLICATE KEY UPDATE last_seq = last_seq", [name])
        return
    try:
        with transaction.atomic(using=connection.alias):
            cursor.execute(insert, [name])
    except IntegrityError:
        pass


def _insert(connection, cursor, stream_id, first, texts):
    """Insert the entries in statements of bounded size."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    params, size = [], 0
    for seq, text in enumerate(texts, first):
        if params and (len(params) >= 4 * INSERT_ROWS or size + len(text) > INSERT_CHARACTERS):
            cursor.execute(_insert_of(connection, params), params)
            params, size = [], 0
        params += (stream_id, seq, text, now)
        size += len(text)
    cursor.execute(_insert_of(connection, params), params)


def _insert_of(connection, params):
    """The statement that inserts the entries of params."""
    kind = type(connection.ops), len(params)
    insert = _inserts.get(kind)
    if insert is None:
        table = connection.ops.quote_name(Entry._meta.db_table)
        places = ", ".join(["(%s, %s, %s, %s)"] * (len(params) // 4))
        insert = f"INSERT INTO {table} (stream_id, seq, body, created) VALUES {places}"
        if len(params) == 4:  # the others are seldom, and long
            _inserts[kind] = insert
    return insert


def head(name: str) -> int:
    """Last committed sequence number of the stream, 0 when it has none."""
    return epochs.position(name).seq


def oldest(name: str) -> int:
    """Sequence number of the oldest entry that is kept; head + 1 when there is none."""
    connection = transaction.get_connection(router.db_for_write(Entry))
    entries = connection.ops.quote_name(Entry._meta.db_table)
    streams = connection.ops.quote_name(Stream._meta.db_table)
    with connection.cursor() as cursor:
        # One statement, so that nothing is appended between two.
        cursor.execute(
            f"SELECT COALESCE((SELECT MIN(seq) FROM {entries} WHERE stream_id = s.id), "
            f"s.last_seq + 1) FROM {streams} s WHERE s.name = %s",
            [check_storable(name)],
        )
        row = cursor.fetchone()
    return 1 if row is None else row[0]


def read(name: str, since: int, limit: int = 500) -> List[Row]:
    """Up to `limit` entries after `since` in order, as Rows; a missing prefix was trimmed."""
    return page(name, since, limit)[1]


def page(name: str, since: int, limit: int) -> Tuple[Optional[str], List[Row]]:
    """read(), with the epoch that the entries are of; None where there is no entry."""
    check_storable(name)
    for value, label in ((since, "since"), (limit, "limit")):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SEQ:
            raise ValueError(f"{label} must be an integer, 0 or more, not {value!a:.40}")
    connection = transaction.get_connection(router.db_for_write(Entry))
    with connection.cursor() as cursor:
        rows = _window(connection, cursor, name, since, limit)
        if rows is None:
            rows = _after(connection, cursor, name, since, limit)
    return rows[0][2] if rows else None, [Row(*row[:2]) for row in rows]


def _after(connection, cursor, name, since, limit):
    entries = connection.ops.quote_name(Entry._meta.db_table)
    streams = connection.ops.quote_name(Stream._meta.db_table)
    cursor.execute(
        f"SELECT seq, body, (SELECT epoch FROM {streams} WHERE name = %s) FROM {entries} "
        f"WHERE stream_id = (SELECT id FROM {streams} WHERE name = %s) AND seq > %s "
        "ORDER BY seq LIMIT %s",
        [name, name, since, limit],
    )
    return cursor.fetchall()


def _window(connection, cursor, name, since, limit):
    """
    _after() for MySQL, which counts from the beginning of the stream to `since` unless the range
    has an end; None where it takes the other one: the beginning was trimmed.
    """
    if connection.vendor != "mysql":
        return None
    entries = connection.ops.quote_name(Entry._meta.db_table)
    streams = connection.ops.quote_name(Stream._meta.db_table)
    cursor.execute(f"SELECT id, last_seq FROM {streams} WHERE name = %s", [name])
    stream = cursor.fetchone()
    if stream is None:
        return []
    end = min(since + limit, MAX_SEQ)
    cursor.execute(
        f"SELECT seq, body, (SELECT epoch FROM {streams} WHERE id = %s) FROM {entries} "
        "WHERE stream_id = %s AND seq > %s AND seq <= %s ORDER BY seq LIMIT %s",
        [stream[0], stream[0], since, end, limit],
    )
    rows = cursor.fetchall()
    return rows if len(rows) == limit or end >= stream[1] else None
