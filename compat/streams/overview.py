"""What there is to know about some streams for those who look after them, in few queries."""

# Only names of our own tables are formatted into statements, quoted by the backend.
# ruff: noqa: S608

import collections
import datetime
import json
from functools import reduce
from operator import or_
from typing import Any, Dict, List, Optional, Sequence

from django.db import router, transaction
from django.db.models import Q
from django.db.models.functions import Length, Substr
from django.utils import timezone

from . import roll
from .models import Entry, Stream

# The rate is that of so many entries, from the first of them until now.
SAMPLE = 100
# Of a longer entry so many characters are read.
SHOWN = 2000


class Facts(collections.namedtuple("Facts", "kept last rate readers")):
    """
    `kept` entries; `last`: when the last came, or None; `rate`: entries an hour, over the last
    100, or None; `readers`, where the stream has presence and some, else None.
    """

    __slots__ = ()


class Shown(collections.namedtuple("Shown", "seq created text more")):
    """An entry: the beginning of its JSON, and how many characters there are `more`."""

    __slots__ = ()


def facts(streams: Sequence[Any]) -> Dict[int, Facts]:
    """{id: Facts} of up to some hundred Streams, in three queries."""
    if not streams:
        return {}
    alias = router.db_for_write(Stream)
    connection = transaction.get_connection(alias)
    entries = connection.ops.quote_name(Entry._meta.db_table)
    table = connection.ops.quote_name(Stream._meta.db_table)
    marks = ", ".join(["%s"] * len(streams))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT s.id, s.last_seq, (SELECT MIN(seq) FROM {entries} WHERE stream_id = s.id), "
            f"(SELECT MIN(seq) FROM {entries} WHERE stream_id = s.id AND seq > s.last_seq - %s) "
            f"FROM {table} s WHERE s.id IN ({marks})",
            [SAMPLE] + [one.pk for one in streams],
        )
        places = {row[0]: row[1:] for row in cursor.fetchall()}
    readers = roll.counts([one.name for one in streams])
    wanted = [
        Q(stream_id=pk, seq__in=(first, last)) for pk, (last, _, first) in places.items() if first
    ]
    times = {}
    if wanted:
        rows = Entry.objects.using(alias).filter(reduce(or_, wanted))
        times = {row[:2]: row[2] for row in rows.values_list("stream_id", "seq", "created")}
    found = {}
    for one in streams:
        last, oldest, first = places.get(one.pk, (0, None, None))
        kept = 0 if oldest is None else last - oldest + 1
        rate = _rate(times.get((one.pk, first)), last, first)
        found[one.pk] = Facts(kept, times.get((one.pk, last)), rate, readers.get(one.name))
    return found


def _rate(begun: Optional[datetime.datetime], last: int, first: Optional[int]) -> Optional[float]:
    if begun is None or first is None:
        return None
    now = timezone.now() if timezone.is_aware(begun) else datetime.datetime.now()
    hours = max(1.0, (now - begun).total_seconds()) / 3600
    return (last - first + 1) / hours


def entries(stream: Any, before: Optional[int], limit: int) -> List[Shown]:
    """The last `limit` entries before that number (of the end, for None), the newest first."""
    rows = Entry.objects.using(router.db_for_write(Entry)).filter(stream_id=stream.pk)
    if before is not None:
        rows = rows.filter(seq__lt=before)
    rows = rows.annotate(start=Substr("body", 1, SHOWN), length=Length("body")).order_by("-seq")
    found = []
    for seq, created, text, length in rows.values_list("seq", "created", "start", "length")[:limit]:
        found.append(Shown(seq, created, _readable(text, length), max(0, length - SHOWN)))
    return found


def _readable(text, length):
    """In its own script, where all of it is there."""
    if length <= SHOWN:
        try:
            return json.dumps(json.loads(text), ensure_ascii=False)
        except ValueError:
            pass
    return text
