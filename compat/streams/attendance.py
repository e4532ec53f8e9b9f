"""
Who follows which stream in this process, and telling its readers who is here.

Coming and going only changes numbers in memory. A round, every STREAMS_PRESENCE_SECONDS, writes
what has changed since the last one, reads what the other processes wrote, and sends each reader who
asked for it one frame where the answer is another one: however many came meanwhile, and a few
readers at a time. See roll.py for what is written.
"""

import asyncio
import collections
import hashlib
import json
import logging
import time
from typing import Any, Dict, List, Optional, Set, Tuple
from urllib.parse import parse_qs

from .._asyncio import end_task
from .._throttle import Throttle
from ._settings import PRESENCE_NAMES, PRESENCE_SECONDS
from .encoding import encode
from .entries import Frames, frame
from .flow import Wire
from .roll import KEYS, TOTAL, Register, Sheet, combine, digest, lease

logger = logging.getLogger(__name__)
_throttle = Throttle()

# What is shown of somebody, in characters of JSON.
MAX_SHOWN = 500
# So many readers are told at once, and then others have their turn.
AT_ONCE, PAUSE = 100, 0.02
# Streams that one round writes.
ROWS = 500
# Of the time at most one part in so many is spent on the database.
SHARE = 10
# A person who left is here until so many rounds have passed: a page is loaded again in less.
STAY = 1
GOODBYE_SECONDS = 1.5

EMPTY = Sheet(0, 0, [], [])


class Visit:
    """
    What a reader is to presence: the key of a person, None of a guest; what is `shown` of it, or
    None; whether it wants to be told.
    """

    __slots__ = ("key", "shown", "watch")

    def __init__(self, user: Any, shown: Any = None, watch: bool = False) -> None:
        self.key: Optional[str] = None
        if getattr(user, "is_authenticated", False) and user.pk is not None:
            self.key = hashlib.sha256(str(user.pk).encode("utf-8")).hexdigest()[:12]
        self.shown = None if self.key is None or shown is None else _storable(shown)
        self.watch = watch


def visit_of(
    scope: Dict[str, Any], user: Any, presence: Any, fields: Dict[str, str], mute: bool = False
) -> Optional[Visit]:
    """
    The Visit of a `user`; None, where there is no presence. In a thread.

    `presence` is True, False, or a function(user, **fields) that returns what is shown. The client
    is told who is here if it says so in its address, unless it is `mute`.
    """
    if not presence:
        return None
    shown = None
    if callable(presence):
        try:
            shown = presence(user, **fields)
        except Exception:
            text = "what is to be shown of somebody is not known: it is only counted"
            _throttle.log(logger.exception, text)
    return Visit(user, shown, not mute and wants_presence(scope))


def wants_presence(scope: Dict[str, Any]) -> bool:
    """Whether the client says, by ?presence=1, that it understands presence frames."""
    query = scope.get("query_string", b"")
    if isinstance(query, bytes):
        query = query.decode("latin-1")
    return parse_qs(query).get("presence", ["0"])[-1] not in ("0", "")


def _storable(shown):
    """As it comes back from JSON; None, and a line in the log, for what cannot be shown."""
    try:
        text = encode(shown)
    except (TypeError, ValueError) as error:
        text = "somebody is only counted, what is to be shown is not JSON: %s"
        _throttle.log(logger.warning, text, error)
        return None
    if len(text) > MAX_SHOWN:
        said = "somebody is only counted, what is to be shown has %d characters, and may have %d"
        _throttle.log(logger.warning, said, len(text), MAX_SHOWN)
        return None
    return json.loads(text)


class Room:
    """A stream as this process sees it: its own readers, and what others say of theirs."""

    def __init__(self, name: str, key: str) -> None:
        self.name = name
        self.digest = key
        self.people: Dict[str, int] = {}  # key → connections
        self.going: Dict[str, int] = {}  # key of one without a connection → when it left
        self.named: collections.OrderedDict[str, List[Any]] = collections.OrderedDict()
        self.guests = 0
        self.watchers: Set[Any] = set()
        self.owed: Set[Any] = set()  # those who were not told yet
        self.sheet = EMPTY
        self.written: Any = EMPTY
        self.news = False  # what is known is not in the frame yet
        self.others: Dict[int, Tuple[int, Sheet]] = {}
        self.frames: Any = None

    def enter(self, visit: Visit) -> None:
        """One more connection."""
        if visit.key is None:
            self.guests += 1
            return
        self.going.pop(visit.key, None)
        self.people[visit.key] = self.people.get(visit.key, 0) + 1
        if visit.shown is not None and visit.key not in self.named:
            self.named[visit.key] = [visit.key, time.time(), visit.shown]

    def leave(self, visit: Visit, turn: int) -> None:
        """One less, in that round."""
        if visit.key is None:
            self.guests -= 1
            return
        self.people[visit.key] -= 1
        if not self.people[visit.key]:
            self.going[visit.key] = turn

    def settle(self, turn: int) -> Sheet:
        """What there is to say in that round: who left long enough ago is not here any more."""
        for key in [key for key, left in self.going.items() if left + STAY < turn]:
            del self.going[key], self.people[key]
            self.named.pop(key, None)
        keys = sorted(self.people) if len(self.people) <= KEYS else None
        named = [one for one, _ in zip(self.named.values(), range(PRESENCE_NAMES()))]
        return Sheet(len(self.people), self.guests, keys, named)

    def is_empty(self) -> bool:
        """Whether nobody is here."""
        return not self.people and not self.guests

    def look(self) -> bool:
        """Make the frame of what is known now; whether it is another one."""
        found = combine([self.sheet] + [sheet for _, sheet in self.others.values()])
        self.news = False
        text = frame("presence", stream=self.name, count=found.count, who=found.who)
        if self.frames is not None and self.frames.texts == [text]:
            return False
        self.frames = Frames([text], None)
        return True


class Attendance:
    """The rooms of one hub; exists from the first reader with presence to the end of the hub."""

    def __init__(self, hub: Any) -> None:
        self.hub = hub
        self.rooms: Dict[str, Room] = {}
        self.touched: Set[Room] = set()
        self.watched: Set[Room] = set()
        self.visits: Dict[Any, Visit] = {}
        self.register = Register()
        self.turn = 0
        self.renewed = 0.0  # when the lease was
        self.took = 0.0  # what the last round has waited for the database
        self.total = self.rooms[TOTAL] = Room(TOTAL, TOTAL)
        self.task = hub.loop.create_task(self._run())

    def enter(self, follower: Any) -> None:
        """A reader has begun to follow; it has `stream` and `visit`."""
        visit, name = follower.visit, follower.stream
        if follower in self.visits:
            return
        self.visits[follower] = visit
        room = self.rooms.get(name)
        if room is None:
            room = self.rooms[name] = Room(name, digest(name))
        for one in (room, self.total):
            one.enter(visit)
            self.touched.add(one)
        if visit.watch:
            room.watchers.add(follower)
            room.owed.add(follower)
            self.watched.add(room)

    def leave(self, follower: Any) -> None:
        """A reader has gone, who may never have entered."""
        visit = self.visits.pop(follower, None)
        if visit is None:
            return
        room = self.rooms[follower.stream]
        for one in (room, self.total):
            one.leave(visit, self.turn)
            self.touched.add(one)
        room.watchers.discard(follower)
        room.owed.discard(follower)
        if not room.watchers:
            self.watched.discard(room)
            room.others, room.frames = {}, None

    async def stop(self) -> None:
        """The last one has left."""
        await end_task(self.task)
        try:
            await asyncio.wait_for(self.hub.ask(self.register.resign), GOODBYE_SECONDS)
        except Exception as error:  # the lease ends by itself
            self._complain(error)

    # Rounds

    async def _run(self):
        while True:
            await asyncio.sleep(max(PRESENCE_SECONDS(), SHARE * self.took))
            self.turn += 1
            try:
                await self._exchange()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._complain(error)
            await self._tell()

    async def _exchange(self):
        """Settle what has changed, write it, and read what others wrote."""
        batch = list(self.touched)[:ROWS]
        rows = []
        for room in batch:
            self.touched.discard(room)
            sheet = room.settle(self.turn)
            if sheet != room.sheet:
                room.sheet, room.news = sheet, True
            if sheet != room.written:
                rows.append((room, sheet))
        watched = list(self.watched)
        known = {row: found for room in watched for row, found in room.others.items()}
        written = [(room.digest, sheet) for room, sheet in rows]
        begun = time.monotonic()
        try:
            digests = [room.digest for room in watched]
            others = await self.hub.ask(self._in_thread, written, digests, known)
        except BaseException:
            self.touched.update(batch)
            raise
        finally:
            self.took = time.monotonic() - begun
        if others is None:
            for room in self.rooms.values():
                room.written = None
            self.touched.update(self.rooms.values())
            return
        for room, sheet in rows:
            room.written = sheet
        for room in batch:
            if room.going:
                self.touched.add(room)
            elif room.is_empty() and room not in self.touched and room is not self.total:
                del self.rooms[room.name]
        for room in watched:
            found = others[room.digest]
            if room.watchers and found != room.others:
                room.others, room.news = found, True

    def _in_thread(self, rows, watched, known):
        """One visit to the database; None: what was stored is lost, and is written next time."""
        register = self.register
        with register.lock:
            now = time.monotonic()
            before = self.renewed
            if register.ended:
                return None
            if not register.there or now - before > lease() / 3:
                kept = register.renew()
                self.renewed = now
                if before and not kept:
                    return None
                register.sweep()
            register.write(rows)
            if before and now - before > lease():
                return None  # the database was away: the others seem to be, too
            return register.others(watched, known)

    async def _tell(self):
        """Send what has changed to those who want to know, and the rest to those who are new."""
        told = 0
        for room in list(self.watched):
            everybody = (room.news or room.frames is None) and room.look()
            for follower in list(room.watchers if everybody else room.owed):
                if follower not in room.watchers:
                    continue
                if self._send(follower, room.frames):
                    room.owed.discard(follower)
                else:
                    room.owed.add(follower)
                told += 1
                if told % AT_ONCE == 0:
                    await asyncio.sleep(PAUSE)

    def _send(self, follower, frames):
        """Write to one reader; False if it has to wait: for its entries, or for room."""
        if not follower.live or follower.over:
            return False
        if isinstance(follower.backlog, Wire):
            try:
                return follower.backlog.write(frames)
            except Exception as error:
                self.hub.later(follower._give_up(error))
        elif follower.task is None:
            self.hub.later(follower.send_beside(frames.texts[0]))
        else:
            return False
        return True

    def _complain(self, error):
        text = "presence is not up to date, the database does not answer: %s: %s"
        self.hub.throttle.log(logger.warning, text, type(error).__name__, error)
