"""
Who follows streams, in the database: a row for each process and stream, not for each reader.

A row says how many people and guests follow there, who they are while they are few, and what is
shown of the first ones. It counts as long as its process renews its lease, by the database's clock:
nobody's clock but that one matters, and a process that was killed is forgotten by itself.
"""

# Only names of our own tables are formatted into statements, quoted by the backend.
# ruff: noqa: S608

import collections
import functools
import hashlib
import json
import os
import platform
import threading
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from django.db import router, transaction

from ._settings import PRESENCE_NAMES, PRESENCE_SECONDS
from .models import Attendance, Server
from .names import check_storable, group_name

# A process that says nothing for so many intervals is gone, and so is one for that many seconds.
LEASE_ROUNDS, LEAST_LEASE = 5, 10.0
# Up to so many people of a process are known by name, and who is at two processes counts once.
KEYS = 500
BATCH = 500
TOTAL = ""  # in place of a stream's digest: all streams together

CLOCKS = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    "mysql": "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
}


class Presence(collections.namedtuple("Presence", "count people guests who")):
    """
    `count` of those who are here: `people`, who are signed in and count once, and `guests`, who
    count once for each connection; `who`: what is shown of the first people, in order.
    """

    __slots__ = ()


class Sheet(collections.namedtuple("Sheet", "people guests keys named")):
    """One process' part: `keys` of its people, None of too many; `named`: [[key, since, shown]]."""

    __slots__ = ()


Row = Tuple[str, Sheet]  # digest of a stream, and what is to be written of it


def lease() -> float:
    """Seconds after which a process that was killed is not counted any more."""
    return max(LEAST_LEASE, LEASE_ROUNDS * PRESENCE_SECONDS())


def digest(name: str) -> str:
    """A stream's name as it is in the table."""
    return group_name(name).rpartition(".")[2]


def combine(sheets: Iterable[Sheet]) -> Presence:
    """What the processes say, together."""
    keys, guests, others, named = set(), 0, 0, []
    for sheet in sheets:
        guests += sheet.guests
        named += sheet.named
        if sheet.keys is None:
            others += sheet.people
        else:
            keys.update(sheet.keys)
    who: collections.OrderedDict[str, Any] = collections.OrderedDict()
    for key, _, shown in sorted(named, key=lambda one: one[1]):
        who.setdefault(key, shown)
    people = len(keys) + others
    return Presence(people + guests, people, guests, list(who.values())[: PRESENCE_NAMES()])


def presence(name: Optional[str] = None) -> Presence:
    """See compat.streams.presence()."""
    key = TOTAL if name is None else digest(check_storable(name))
    connection, attendance, servers, now = _places()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT a.people, a.guests, a.body FROM {attendance} a JOIN {servers} s "
            f"ON s.id = a.server_id WHERE a.stream_digest = %s AND s.beat > {now} - %s",
            [key, _lease_ms()],
        )
        return combine([_sheet(*row) for row in cursor.fetchall()])


def counts(names: Sequence[str]) -> Dict[str, int]:
    """{name: count} of streams that somebody follows, in one query for each 500; people who are
    at two processes count twice."""
    connection, attendance, servers, now = _places()
    by_digest = {digest(name): name for name in names}
    found: Dict[str, int] = {}
    with connection.cursor() as cursor:
        for part in _parts(list(by_digest)):
            cursor.execute(
                f"SELECT a.stream_digest, SUM(a.people + a.guests) FROM {attendance} a "
                f"JOIN {servers} s ON s.id = a.server_id WHERE s.beat > {now} - %s "
                f"AND a.stream_digest IN ({_marks(part)}) GROUP BY a.stream_digest",
                [_lease_ms()] + part,
            )
            found.update((by_digest[row[0]], int(row[1])) for row in cursor.fetchall())
    return found


class Register:
    """A process' (or event loop's) own part of the table. In threads, one call at a time."""

    def __init__(self) -> None:
        self.server = os.urandom(8).hex()
        self.there = False  # our lease is in the table, and all that `stored` says
        self.stored: Dict[str, int] = {}  # digest → version
        self.lock = threading.Lock()
        self.ended = False

    def renew(self) -> bool:
        """Renew the lease; False if it is a new one, and nothing is stored."""
        connection, attendance, servers, now = _places()
        with connection.cursor() as cursor:
            if self.there:
                cursor.execute(f"UPDATE {servers} SET beat = {now} WHERE id = %s", [self.server])
                if cursor.rowcount:
                    return True
            # It was taken away; or what became of our last write is not known.
            self.there = False
            self.stored.clear()
            mine = [self.server]
            cursor.execute(f"DELETE FROM {attendance} WHERE server_id = %s", mine)
            cursor.execute(f"DELETE FROM {servers} WHERE id = %s", mine)
            cursor.execute(
                f"INSERT INTO {servers} (id, machine, pid, life, beat) "
                f"VALUES (%s, %s, %s, %s, {now})",
                mine + [machine(), os.getpid(), life()],
            )
            self.there = True
            return False

    def sweep(self) -> None:
        """Remove what processes left that are gone: of this machine at once, of others later."""
        connection, attendance, servers, now = _places()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT id, machine, pid, life, {now} - beat FROM {servers}")
            gone = [
                one
                for one, where, pid, its_life, silent in cursor.fetchall()
                if silent > 3 * _lease_ms() or (where == machine() and not lives(pid, its_life))
            ]
            for part in _parts(gone):
                marks = _marks(part)
                cursor.execute(f"DELETE FROM {attendance} WHERE server_id IN ({marks})", part)
                cursor.execute(f"DELETE FROM {servers} WHERE id IN ({marks})", part)

    def write(self, rows: List[Row]) -> None:
        """Store what has changed, in one transaction; a stream that nobody follows has no row."""
        if not rows:
            return
        connection, attendance, _, _ = _places()
        new: List[Any] = []
        changed: List[Any] = []
        gone = []
        for key, sheet in rows:
            version = self.stored.get(key)
            if not sheet.people and not sheet.guests:
                gone.append([key, self.server])
                continue
            body = json.dumps([sheet.keys, sheet.named], separators=(",", ":"))
            found = [sheet.people, sheet.guests, body, (version or 0) + 1, key, self.server]
            (new if version is None else changed).append(found)
        self.there = False  # until it is done
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            where = "WHERE stream_digest = %s AND server_id = %s"
            if gone:
                cursor.executemany(f"DELETE FROM {attendance} {where}", gone)
            if changed:
                cursor.executemany(
                    f"UPDATE {attendance} SET people = %s, guests = %s, body = %s, version = %s "
                    + where,
                    changed,
                )
            if new:
                cursor.executemany(
                    f"INSERT INTO {attendance} "
                    "(people, guests, body, version, stream_digest, server_id) "
                    "VALUES (%s, %s, %s, %s, %s, %s)",
                    new,
                )
        self.there = True
        for key, _ in gone:
            self.stored.pop(key, None)
        self.stored.update((row[4], row[3]) for row in new + changed)

    def others(
        self, digests: Sequence[str], known: Dict[int, Tuple[int, Any]]
    ) -> "Dict[str, Dict[int, Tuple[int, Sheet]]]":
        """
        {digest: {id of a row: (version, Sheet)}} of the other processes.

        `known` has what was found before, by id: only what has changed is read.
        """
        connection, attendance, servers, now = _places()
        found: Dict[str, Dict[int, Any]] = {key: {} for key in digests}
        places, news = {}, []
        with connection.cursor() as cursor:
            for part in _parts(list(digests)):
                cursor.execute(
                    f"SELECT a.id, a.stream_digest, a.version FROM {attendance} a JOIN {servers} s "
                    f"ON s.id = a.server_id WHERE a.stream_digest IN ({_marks(part)}) "
                    f"AND a.server_id <> %s AND s.beat > {now} - %s",
                    part + [self.server, _lease_ms()],
                )
                for row, key, version in cursor.fetchall():
                    if row in known and known[row][0] == version:
                        found[key][row] = known[row]
                    else:
                        places[row] = key
                        news.append(row)
            for part in _parts(news):
                cursor.execute(
                    f"SELECT id, version, people, guests, body FROM {attendance} "
                    f"WHERE id IN ({_marks(part)})",
                    part,
                )
                for row, version, *sheet in cursor.fetchall():
                    found[places[row]][row] = version, _sheet(*sheet)
        return found

    def resign(self) -> None:
        """
        The last reader has gone. People who come back elsewhere do not leave meanwhile: they are
        counted for two intervals more.
        """
        with self.lock:
            self.ended = True
            if self.there:
                self._resign()

    def _resign(self) -> None:
        connection, attendance, servers, now = _places()
        rest = _lease_ms() - int(2000 * PRESENCE_SECONDS())
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {attendance} SET guests = 0, version = version + 1 WHERE server_id = %s",
                [self.server],
            )
            statement = f"UPDATE {servers} SET beat = {now} - %s WHERE id = %s"
            cursor.execute(statement, [rest, self.server])


@functools.lru_cache(maxsize=None)
def machine() -> str:
    """Where process ids mean the same as here."""
    parts = [platform.node()]
    try:
        parts.append(os.readlink("/proc/self/ns/pid"))
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as text:
            parts.append(text.read())
    except OSError:
        pass
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


_life: List[Any] = [0, ""]


def life() -> str:
    """This process, among all that ever had its id."""
    if _life[0] != os.getpid():
        _life[:] = os.getpid(), os.urandom(8).hex()
    return str(_life[1])


def lives(pid: int, its_life: str) -> bool:
    """Whether a process of this machine may be alive."""
    if pid == os.getpid():
        return its_life == life()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _places():
    """(connection, table of rows, table of leases, its clock in milliseconds)."""
    connection = transaction.get_connection(router.db_for_write(Attendance))
    quote = connection.ops.quote_name
    tables = quote(Attendance._meta.db_table), quote(Server._meta.db_table)
    return (connection,) + tables + (CLOCKS[connection.vendor],)


def _lease_ms():
    return int(1000 * lease())


def _sheet(people, guests, body):
    keys, named = json.loads(body)
    return Sheet(people, guests, keys, named)


def _marks(part):
    return ", ".join(["%s"] * len(part))


def _parts(found):
    return [found[start : start + BATCH] for start in range(0, len(found), BATCH)]
