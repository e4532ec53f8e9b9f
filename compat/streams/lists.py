"""
Lists of streams on one socket: all whose names begin alike, those there are and those to come.

A list subscribes for its client to each stream that comes up and that the user may follow. First
entries are announced in one more group than others, which every process with a list has joined;
what was lost on the way is found where heads are compared, by reading the names that begin so. Who
may follow is asked for all lists of a process together, for each stream as it comes up, and for
those that were refused whenever open sockets are checked.
"""

# Only names of our own tables are formatted into statements, quoted by the backend.
# ruff: noqa: S608

import asyncio
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from django.db import router, transaction

from ..sockets.session_check import users_now
from . import epochs
from . import routes as permissions
from ._settings import PER_SOCKET
from .attendance import Visit, visit_of
from .models import Stream
from .names import NEW_STREAMS

# So many lists may one socket have.
MOST = 10
# So many times the streams that a socket may follow may there be, with those it may not.
REFUSED = 5
# Lists that one statement reads.
AT_ONCE = 100
# So many questions, and the rest of a list's, are answered in one visit to the database.
QUESTIONS = 5000

Place = Tuple[int, str]  # number, epoch


class Found(NamedTuple):
    """A stream that came up: where to begin, and what its reader is to presence."""

    place: Place
    visit: Optional[Visit]


class StreamList:
    """
    A list of one socket: `pattern` is what its client calls it. With `latest` those that are there
    already are followed from now on, and not from their beginnings.
    """

    def __init__(self, consumer: Any, pattern: str, latest: bool) -> None:
        self.consumer = consumer
        self.pattern = pattern
        self.prefix = pattern[:-1]
        self.latest = latest
        self.told: Set[str] = set()  # names that have come up
        self.left: Dict[str, Place] = {}  # where those were that the user may not follow any more
        self.begun = False  # the client was told once, maybe of none

    def begins_late(self) -> bool:
        """Whether what comes up now begins at its end."""
        return self.latest and not self.begun

    def forbidden(self, name: str, place: Optional[Place]) -> None:
        """It may come up again, and goes on there."""
        self.told.discard(name)
        if place is not None:
            self.left[name] = place


class Beginning:
    """What is known of the streams that begin so, for all lists of the process."""

    def __init__(self) -> None:
        self.members: Set[StreamList] = set()
        self.names: Optional[Set[str]] = None  # not read yet


class Lists:
    """The lists of one hub; exists from the first one to the end of the hub."""

    def __init__(self, hub: Any) -> None:
        self.hub = hub
        self.beginnings: Dict[str, Beginning] = {}
        self.joined = False
        self.waiting: Dict[StreamList, Set[str]] = {}  # to be asked about
        self.asking: Any = None
        self.looking = asyncio.Lock()

    def enter(self, wanted: StreamList) -> None:
        """Tell it what comes up, from what is there on."""
        found = self.beginnings.setdefault(wanted.prefix, Beginning())
        found.members.add(wanted)
        if found.names is None:
            self.hub.later(self._begin(wanted.prefix))
        else:
            self._offer(wanted, found.names)

    def leave(self, wanted: StreamList) -> None:
        """Tell it nothing more."""
        self.waiting.pop(wanted, None)
        found = self.beginnings.get(wanted.prefix)
        if found is not None:
            found.members.discard(wanted)
            if not found.members:
                del self.beginnings[wanted.prefix]

    def again(self, wanted: StreamList) -> None:
        """Ask about those that it was refused: the user may have been allowed to meanwhile."""
        found = self.beginnings.get(wanted.prefix)
        names = (found.names or set()) - wanted.told if found is not None else set()
        if names and wanted.begun:
            self._offer(wanted, names)

    def appeared(self, name: str) -> None:
        """The first entry of a stream was announced."""
        for prefix, found in self.beginnings.items():
            if name.startswith(prefix) and found.names is not None and name not in found.names:
                found.names.add(name)
                for wanted in found.members:
                    self._offer(wanted, [name])

    async def look(self) -> None:
        """Compare with the log: whether an announcement was missed."""
        known = [prefix for prefix, one in self.beginnings.items() if one.names is not None]
        if known:
            await self._look(known)

    async def _begin(self, prefix: str) -> None:
        # Join first, then look: what is committed in between is announced to us.
        if not self.joined:
            await self.hub.join(NEW_STREAMS)
            self.joined = True
        await self._look([prefix])

    async def _look(self, prefixes: Sequence[str]) -> None:
        async with self.looking:
            most = REFUSED * PER_SOCKET()
            known = await self.hub.database(names_that_begin, prefixes, most + 1)
        for prefix in prefixes:
            found = self.beginnings.get(prefix)
            if found is None:
                continue
            names = set(known[prefix])
            first, new = found.names is None, names - (found.names or set())
            # One that is gone may come up anew.
            found.names = names
            for wanted in tuple(found.members):
                if len(names) > most:
                    self.hub.later(wanted.consumer.list_is_too_long(wanted, most))
                elif new or first:
                    self._offer(wanted, new)
            if new and not first and self.hub.subscriber is not None:
                self.hub.subscriber.renew(NEW_STREAMS)

    # Who may follow what has come up

    def _offer(self, wanted: StreamList, names: Iterable[str]) -> None:
        self.waiting.setdefault(wanted, set()).update(names)
        if self.asking is None:
            self.asking = self.hub.later(self._ask())

    async def _ask(self) -> None:
        try:
            while self.waiting:
                some, questions = [], 0
                while self.waiting and questions < QUESTIONS:
                    some.append(self.waiting.popitem())
                    questions += len(some[-1][1])
                answers = await self.hub.database(allowed, some)
                for (wanted, _), found in zip(some, answers):
                    self.hub.later(wanted.consumer.came_up(wanted, found))
        finally:
            self.asking = None


def allowed(asked: Sequence[Tuple[StreamList, Iterable[str]]]) -> List[Optional[Dict[str, Found]]]:
    """
    Of each (list, names) what its user may follow, as {name: Found}; None for one who is not
    signed in any more. In a thread; raises what the database does.
    """
    users = _users({wanted.consumer for wanted, _ in asked})
    questions, places = [], []
    for wanted, names in asked:
        for name in sorted(names):
            found = permissions.find(wanted.consumer.routes, name)
            if found is not None and found[0].lists and wanted.consumer in users:
                questions.append((found[0], users[wanted.consumer], name, found[1]))
                places.append(wanted)
    answered = list(zip(places, questions, permissions.answers(questions)))
    yes = [(wanted, question) for wanted, question, said in answered if said]
    heads = epochs.positions(sorted({q[2] for wanted, q in yes if wanted.begins_late()}))
    found_by: Dict[StreamList, Dict[str, Found]] = {wanted: {} for wanted, _ in asked}
    for wanted, (route, user, name, fields) in yes:
        place = wanted.left.get(name, (0, ""))
        if name in heads and wanted.begins_late():
            place = heads[name].seq, heads[name].epoch or ""
        visit = visit_of(wanted.consumer.scope, user, route.presence, fields)
        found_by[wanted][name] = Found(place, visit)
    return [found_by[wanted] if wanted.consumer in users else None for wanted, _ in asked]


def _users(consumers: Iterable[Any]) -> Dict[Any, Any]:
    """{consumer: its user as of now}, without those who are signed out."""
    checked = {one: one._checked for one in consumers}
    known = {one: it for one, it in checked.items() if it is not None and it.user is not None}
    users = users_now(known.values()) if known else {}
    found = {}
    for consumer in checked:
        user = users[known[consumer]] if consumer in known else consumer.user_now()
        if user is not None or consumer not in known:
            found[consumer] = user
    return found


def names_that_begin(prefixes: Sequence[str], most: int) -> Dict[str, List[str]]:
    """
    The first `most` names of streams that begin with each of the prefixes.

    By comparison of texts as they are written, case and all, with no character that stands for
    others. The index on names serves it.
    """
    connection = transaction.get_connection(router.db_for_write(Stream))
    table = connection.ops.quote_name(Stream._meta.db_table)
    # PostgreSQL's order is that of a language; so it has another index for the beginnings of texts.
    postgresql = connection.vendor == "postgresql"
    least, less, order = ("~>=~", "~<~", "USING ~<~") if postgresql else (">=", "<", "")
    found: Dict[str, List[str]] = {prefix: [] for prefix in prefixes}
    with connection.cursor() as cursor:
        for start in range(0, len(prefixes), AT_ONCE):
            some, parts, params = prefixes[start : start + AT_ONCE], [], []
            for place, prefix in enumerate(some):
                end = after(prefix)
                params += [prefix, most] if end is None else [prefix, end, most]
                bound = "" if end is None else f"AND name {less} %s "
                parts.append(
                    f"SELECT {place} AS place, name FROM (SELECT name FROM {table} "
                    f"WHERE name {least} %s {bound}ORDER BY name {order} LIMIT %s) AS p{place}"
                )
            cursor.execute(" UNION ALL ".join(parts), params)
            for place, name in cursor.fetchall():
                if name.startswith(some[place]):
                    found[some[place]].append(name)
    return found


def after(prefix: str) -> Optional[str]:
    """The first text behind all that begin with the prefix, by code points; None: there is none."""
    last = ord(prefix[-1]) if prefix else 0xFFFF
    # What MySQL may not be able to carry, and what no text has, is not worth a case of its own.
    if last in (0xD7FF, 0xFFFF, 0x10FFFF):
        return None
    return prefix[:-1] + chr(last + 1)
