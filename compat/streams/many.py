"""
Many streams on one socket: its client subscribes to them and leaves them as it likes::

    class Live(StreamsConsumer):
        routes = [StreamRoute("news", anybody), StreamRoute("deploy:{uid}", may_follow)]

What is wrong with one stream is said of that one, and the others go on. The frames are described in
docs/reference/protocol.md, the routes in routes.py.
"""

import asyncio
import logging
from typing import Any, Dict, List, Optional, Tuple

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from .. import close_codes
from .._throttle import Throttle
from ..sockets.consumer import SignedOut
from ..sockets.rate import Bucket
from . import routes as permissions
from ._settings import PER_SOCKET
from .asked import BadFrame, understand
from .attendance import visit_of
from .consumer import GOODBYE_SECONDS, StreamConsumerMixin, parse_cursor
from .entries import cursor_at, frame
from .flow import wire_of
from .follower import StreamFollower
from .heartbeat import Beaten
from .hub import FIRST_PAUSE, LONGEST_PAUSE, Hub
from .lists import MOST, Found, StreamList
from .names import MAX_NAME, check_storable
from .routes import StreamRoute, anybody, signed_in

__all__ = ["StreamRoute", "StreamsConsumer", "anybody", "signed_in"]

logger = logging.getLogger(__name__)
_throttle = Throttle()

# Frames, and streams named in them, of one socket in a second, and at once.
PER_SECOND, AT_ONCE = 50, 1000


class SharedSocket(Beaten):
    """A connection that the followers of many streams write to; gets beats for all of them."""

    __slots__ = ("send_text", "close", "backlog", "turn", "hub")

    task = None

    def __init__(self, send_text: Any, close: Any, backlog: Any) -> None:
        self.send_text = send_text
        self.close = close
        self.backlog = backlog
        self.turn = asyncio.Lock()
        self.hub = Hub.current()
        self.hub.enter_socket(self)

    def leave(self) -> "List[asyncio.Future[Any]]":
        """No more beats; returns the tasks that are still ending."""
        return self.hub.leave_socket(self)

    async def _give_up(self, error: Exception) -> None:
        logger.info("stream reader gone: %s: %s", type(error).__name__, error)
        await self.close(close_codes.RESTART)


class StreamsConsumer(StreamConsumerMixin, AsyncWebsocketConsumer):
    """
    Follows the streams that its client names, as far as `routes` let the user.

    Behind guard(). An override of connect() may refuse the handshake, and else calls ours.
    """

    channel_layer_alias = None
    routes: Any = ()

    _socket: Any = None
    _ended = False
    _denied: Tuple[StreamFollower, ...] = ()
    _lists: Dict[str, StreamList] = {}  # by pattern

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.routes = permissions.check_routes(cls.routes)

    async def __call__(self, *events: Any, **named: Any) -> None:
        try:
            await super().__call__(*events, **named)
        finally:
            self._ended = True
            for pattern in tuple(self._lists):
                self._leave_list(pattern)
            ending = [] if self._socket is None else self._socket.leave()
            if ending:
                await asyncio.wait(ending, timeout=GOODBYE_SECONDS)

    async def connect(self) -> None:
        """Let the client in and say what it may expect."""
        await self.accept()
        self._followers, self._lists = {}, {}
        # A client that comes back names all its streams at once.
        self._bucket = Bucket(PER_SECOND, max(AT_ONCE, 2 * PER_SOCKET()))
        wire = wire_of(self.base_send)
        self._socket = SharedSocket(self._send_stream_text, self._close_stream, wire)
        seconds = self._socket.hub.heartbeat.seconds
        more = {"beat": seconds} if seconds else {}
        await self._send_stream_text(frame("hello", streams=PER_SOCKET(), **more))

    async def receive(self, text_data: Any = None, bytes_data: Any = None) -> None:
        """A frame of the client's."""
        if self._ended:
            return
        try:
            kind, streams = understand(text_data)
        except BadFrame as error:
            code, detail = error.args
            streams, kind = {}, ""
            await self._complain(code, detail)
        # A frame that is not understood counts as well, and each stream as much as a frame.
        if not all(self._bucket.take() for _ in range(1 + len(streams))):
            await self._close_stream(close_codes.TOO_MANY)
        elif kind == "subscribe":
            await self._subscribe(streams)
        elif kind == "unsubscribe":
            for name in streams:
                self._leave(name)
                await self._send_stream_text(frame("unsubscribed", stream=name[:MAX_NAME]))

    async def dismissed(self, code: int) -> None:
        if not self._ended:
            await self._close_stream(code)

    # Subscriptions

    async def _subscribe(self, streams: Dict[str, Any]) -> None:
        wanted: Dict[str, Any] = {}
        lists: Dict[str, bool] = {}
        for name, since in streams.items():
            try:
                if isinstance(since, str) and since.startswith("*"):
                    lists[name] = self._look_at_list(name, since, len(lists))
                else:
                    wanted[name] = self._look_at(name, since, len(wanted))
            except BadFrame as error:
                code, detail = error.args
                await self._complain(code, detail, name)
        if wanted:
            await self._follow_all(wanted)
        # After what the client names itself, which a list then need not bring.
        for name, latest in lists.items():
            if not self._ended:
                self._lists[name] = StreamList(self, name, latest)
                self._socket.hub.enter_list(self._lists[name])

    async def _follow_all(self, wanted: Dict[str, Any]) -> None:
        asked = [(name, route, fields) for name, (_, route, fields) in wanted.items()]
        allowed = await self._ask(asked)
        if allowed is None:
            await self.dismissed(close_codes.SIGNED_OUT)
        if self._ended:
            return
        starting = []
        for name, (cursor, _, _) in wanted.items():
            try:
                if name not in allowed:
                    raise BadFrame("denied", "you may not follow this stream")
                self._check_room(name)  # a list may have been faster
            except BadFrame as error:
                code, detail = error.args
                await self._complain(code, detail, name)
            else:
                starting.append(self._enter(name, cursor, allowed[name]))
        await asyncio.gather(*map(self._start, starting))

    def _look_at(self, name: str, since: Any, more: int) -> Tuple[Any, StreamRoute, Dict[str, str]]:
        """The cursor, route and fields of a stream that a client names; BadFrame."""
        assert self._followers is not None
        try:
            check_storable(name)
        except ValueError as error:
            raise BadFrame("bad-name", str(error)) from None
        try:
            position, epoch = parse_cursor(since)
        except ValueError as error:
            raise BadFrame("bad-since", str(error)) from None
        found = permissions.find(self.routes, name)
        if found is None:
            raise BadFrame("unknown", "there is no such stream here")
        self._check_room(name, more)
        return (position, epoch or ""), found[0], found[1]

    def _check_room(self, name: str, more: int = 0) -> None:
        followers, limit = self._followers or {}, PER_SOCKET()
        if name in followers or name in self._lists:
            raise BadFrame("duplicate", "this stream is followed already; unsubscribe first")
        if len(followers) + more >= limit:
            raise BadFrame("too-many", f"one socket may follow {limit} streams")

    def _enter(self, name: str, place: Tuple[int, str], visit: Any) -> StreamFollower:
        assert self._followers is not None
        socket = self._socket
        follower = self._followers[name] = StreamFollower(
            socket.send_text,
            name,
            place[0],
            close=socket.close,
            backlog=socket.backlog,
            epoch=place[1],
            turn=socket.turn,
            visit=visit,
        )
        return follower

    async def _start(self, follower: StreamFollower) -> None:
        if (self._followers or {}).get(follower.stream) is not follower:
            return  # left meanwhile
        try:
            await follower.start()
        except asyncio.CancelledError:
            if follower.topic is not None:  # else it was only this one that ended: see _drop()
                raise

    def _leave(self, name: str) -> None:
        """Nothing of the stream is sent from here on."""
        self._leave_list(name)
        follower = (self._followers or {}).pop(name, None)
        if follower is not None:
            follower.stop()

    async def _ask(self, asked: List[Tuple[str, StreamRoute, Dict[str, str]]]) -> Any:
        """{name: Visit or None} of those that the user may follow; None if there is none now."""
        pause = FIRST_PAUSE
        while not self._ended:
            try:
                return await database_sync_to_async(self._allowed)(asked)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                # As all that is read for streams: nobody is sent away while it does not answer.
                text = "who may follow is not known: %s: %s"
                _throttle.log(logger.warning, text, type(error).__name__, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        return {}

    def _allowed(self, asked: List[Tuple[str, StreamRoute, Dict[str, str]]]) -> Any:
        """In a thread."""
        try:
            user = self.user_now()
        except SignedOut:
            return None
        questions = [(route, user, name, fields) for name, route, fields in asked]
        said = permissions.answers(questions)
        return {
            name: visit_of(self.scope, user, route.presence, fields)
            for (name, route, fields), yes in zip(asked, said)
            if yes
        }

    # Lists

    def _look_at_list(self, name: str, since: str, more: int) -> bool:
        """Whether it begins with what comes from now on; BadFrame."""
        try:
            check_storable(name)
        except ValueError as error:
            raise BadFrame("bad-name", str(error)) from None
        if not name.endswith("*"):
            raise BadFrame("bad-name", "a list is how names begin, with * behind it")
        if since not in ("*", "*latest"):
            raise BadFrame("bad-since", f"since of a list must be * or *latest, not {since!a:.40}")
        if name in self._lists or name in (self._followers or {}):
            raise BadFrame("duplicate", "this list is followed already; unsubscribe first")
        if not any(route.may_list(name[:-1]) for route in self.routes):
            raise BadFrame("unknown", "there is no such list here")
        if len(self._lists) + more >= MOST:
            raise BadFrame("too-many", f"one socket may have {MOST} lists")
        return since == "*latest"

    async def came_up(self, wanted: StreamList, found: Optional[Dict[str, Found]]) -> None:
        """Follow what the user may follow of a list; None: who is not signed in any more."""
        if self._ended or self._lists.get(wanted.pattern) is not wanted:
            return
        if found is None:
            await self.dismissed(close_codes.SIGNED_OUT)
            return
        followers: Any = self._followers
        # What is called as a list could not be told from it.
        known = wanted.told.union(self._lists)
        fresh = {name: one for name, one in found.items() if name not in known}
        limit = PER_SOCKET()
        if len(set(followers).union(fresh)) > limit:
            text = f"it is of more streams than one socket may follow, which are {limit}"
            await self._end_list(wanted, text)
            return
        if wanted.begun and not fresh:
            return
        wanted.begun = True
        wanted.told.update(fresh)
        starting = [
            self._enter(name, one.place, one.visit)
            for name, one in fresh.items()
            if name not in followers
        ]
        # Before anything of them: whoever is told goes on from there on the next connection.
        cursors = {name: _cursor(*one.place) for name, one in fresh.items()}
        await self._send_stream_text(frame("listed", stream=wanted.pattern, streams=cursors))
        await asyncio.gather(*map(self._start, starting))

    async def list_is_too_long(self, wanted: StreamList, most: int) -> None:
        """There are so many that begin so that nobody can be asked about all of them."""
        if not self._ended and self._lists.get(wanted.pattern) is wanted:
            await self._end_list(wanted, f"there are more than {most} streams of these names")

    async def _end_list(self, wanted: StreamList, why: str) -> None:
        self._leave_list(wanted.pattern)
        await self._complain("too-many", why, wanted.pattern)

    def _leave_list(self, pattern: str) -> None:
        """What it has brought goes on."""
        wanted = self._lists.pop(pattern, None)
        if wanted is not None:
            self._socket.hub.lists.leave(wanted)

    # What is allowed may end

    @classmethod
    def dismissals(cls, members: List[Tuple[Any, Any]]) -> Dict[Any, int]:
        """As RecheckMixin's; and streams that a user may not follow any more are noted."""
        codes = super().dismissals(members)
        questions, places = [], []
        for consumer, user in members:
            for name, follower in (consumer._followers or {}).copy().items():
                found = permissions.find(cls.routes, name)
                if consumer not in codes and found is not None:
                    questions.append((found[0], user, name, found[1]))
                    places.append((consumer, follower))
        denied: Dict[Any, List[StreamFollower]] = {}
        for (consumer, follower), yes in zip(places, permissions.answers(questions)):
            if not yes:
                denied.setdefault(consumer, []).append(follower)
        for consumer, followers in denied.items():
            consumer._denied = tuple(followers)
        return codes

    def rechecked(self) -> None:
        denied, self._denied = self._denied, ()
        if denied and not self._ended:
            self._socket.hub.later(self._drop(denied))
        for wanted in self._lists.values():
            self._socket.hub.lists.again(wanted)

    async def _drop(self, denied: Tuple[StreamFollower, ...]) -> None:
        for follower in denied:
            # Unless it was left, and maybe followed again, in the meantime.
            if (self._followers or {}).get(follower.stream) is follower:
                place = None if follower.topic is None else follower.place()
                for wanted in self._lists.values():
                    if follower.stream in wanted.told:
                        wanted.forbidden(follower.stream, place)
                self._leave(follower.stream)
                text = "you may not follow this stream any more"
                await self._complain("denied", text, follower.stream)

    # The connection

    async def _complain(self, code: str, detail: str, name: Any = None, of: str = "stream") -> None:
        more = {} if name is None else {of: name[:MAX_NAME]}
        await self._send_stream_text(frame("error", code=code, detail=detail[:1000], **more))

    async def _close_stream(self, code: int) -> None:
        """One follower is stuck, or cannot be served: the connection is the same for all."""
        if self._ended:
            return
        self._ended = True
        for follower in tuple((self._followers or {}).values()):
            follower.stop()
        await super()._close_stream(code)


def _cursor(position: int, epoch: str) -> Any:
    """As a client says it."""
    return cursor_at(epoch, position) if epoch else position
