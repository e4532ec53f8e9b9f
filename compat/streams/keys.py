"""
Keys that make a publish safe to repeat: with the same key a stream is appended to once.

A key is in a row of its own, written in the transaction of its entries: a rollback frees it, and
two who publish with the same key wait for each other at the stream's row, as all its writers do.
"""

# Only names of our own tables are formatted into statements, quoted by the backend.
# ruff: noqa: S608

import datetime
import hashlib
from typing import Any, Optional, Tuple

from django.db import IntegrityError
from django.utils import timezone

from ._settings import KEY_SECONDS
from .models import Key

# At most so many that are over go with one that comes.
PIECE = 100


class Taken(Exception):
    """Somebody has published with that key before."""


def digest(key: Optional[str]) -> Optional[str]:
    """What is stored of a key: of any length, and none of a site's secrets."""
    if key is None:
        return None
    if not isinstance(key, str) or not key:
        raise ValueError(f"key must be a text, not {key!a:.40}")
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def take(connection: Any, cursor: Any, stream_id: int, key: str, first: int, last: int) -> None:
    """Note that the entries first … last have that key; raises Taken, and what was done is void."""
    table = connection.ops.quote_name(Key._meta.db_table)
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    insert = (
        f"INSERT INTO {table} (stream_id, key_digest, first_seq, last_seq, created) "
        "VALUES (%s, %s, %s, %s, %s)"
    )
    try:
        cursor.execute(insert, [stream_id, key, first, last, now])
    except IntegrityError as error:
        raise Taken() from error


def find(connection: Any, name: str, key: Optional[str]) -> Optional[Tuple[int, int]]:
    """(first, last) of what was published with that key; None if its time is over: it is free."""
    rows = Key.objects.using(connection.alias).filter(stream__name=name, key_digest=key)
    if connection.in_atomic_block:
        # MySQL would look into the past, where the other one is not committed.
        rows = rows.select_for_update()
    row = rows.first()
    if row is None:
        return None
    if row.created < _over(timezone.now()):
        row.delete(using=connection.alias)
        return None
    return row.first_seq, row.last_seq


def forget_old(alias: str) -> int:
    """Remove the keys that are over, a few at a time; returns how many."""
    removed = 0
    while True:
        old = Key.objects.using(alias).filter(created__lt=_over(timezone.now()))
        part = list(old.order_by("created").values_list("pk", flat=True)[:PIECE])
        if not part:
            return removed
        removed += Key.objects.using(alias).filter(pk__in=part).delete()[0]


def _over(now):
    return now - datetime.timedelta(seconds=KEY_SECONDS())
