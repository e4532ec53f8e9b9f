"""
Epochs: which history the numbers of a stream belong to.

A stream gets a random epoch when it is made and keeps it. The same number in another epoch is
another entry: a database that was restored from a backup counts on from there, and a stream that
was deleted begins with 1 again. Whoever has a cursor has the epoch with it, and starts over in
another one.

An epoch changes by `manage.py streams epoch`, which belongs to a restored backup, and by itself
where a process that serves readers sees the head of a stream go back.
"""

# Only names of our own tables are formatted into statements, quoted by the backend.
# ruff: noqa: S608

import collections
import os
import re
from typing import Dict, Iterable, List, Optional, Sequence

from django.db import router, transaction

from .models import Stream
from .names import check_storable

# seq: the head; epoch: None as long as nobody needed to know it, or there is no such stream.
Position = collections.namedtuple("Position", "seq epoch")
NOWHERE = Position(0, None)

# As it comes back from readers, in an address or in front of a number.
EPOCH = re.compile(r"[0-9A-Za-z_-]{1,16}\Z")


class Since(str):
    """The text of a cursor: a number or "latest", with the epoch that it belongs to."""

    # None: of a reader who knows of none; "": of one who has not been told of it yet.
    epoch: Optional[str] = None

    @classmethod
    def of(cls, text: str, epoch: Optional[str]) -> "Since":
        """The cursor `text` in that epoch."""
        made = cls(text)
        made.epoch = epoch
        return made


def new() -> str:
    """A random epoch."""
    return os.urandom(6).hex()


def position(name: str) -> Position:
    """The head of a stream and its epoch; NOWHERE when there is no such stream."""
    return positions([check_storable(name)]).get(name, NOWHERE)


def positions(names: Sequence[str]) -> Dict[str, Position]:
    """Those of many streams in one query (one for each 500): a dict without unknown names."""
    connection = transaction.get_connection(router.db_for_write(Stream))
    table = connection.ops.quote_name(Stream._meta.db_table)
    found: Dict[str, Position] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(names), 500):
            part = list(names[start : start + 500])
            places = ", ".join(["%s"] * len(part))
            cursor.execute(
                f"SELECT name, last_seq, epoch FROM {table} WHERE name IN ({places})", part
            )
            found.update((row[0], Position(*row[1:])) for row in cursor.fetchall())
    return found


def known(name: str) -> Position:
    """position(), after the stream was given an epoch if it is there without one."""
    found = position(name)
    if found.epoch is None and found is not NOWHERE:
        return change(name, None)
    return found


def change(name: str, before: Optional[str]) -> Position:
    """
    Give a stream a new epoch if it still has the one of `before`; returns where it is now.

    Of several processes that see the same history end, the first one's counts.
    """
    streams = Stream.objects.using(router.db_for_write(Stream))
    streams.filter(name=name, epoch=before).update(epoch=new())
    return position(name)


def change_all(names: Optional[Iterable[str]] = None) -> List[str]:
    """Give streams (default: all) new epochs, whatever they have; returns their names."""
    streams = Stream.objects.using(router.db_for_write(Stream)).order_by("pk")
    if names is not None:
        streams = streams.filter(name__in=list(names))
    changed = list(streams.values_list("name", flat=True))
    for name in changed:
        streams.filter(name=name).update(epoch=new())
    return changed
