"""For channels consumers: follow a stream and resume from ?since=."""

import asyncio
import inspect
import logging
import re
from typing import Any, Callable, Dict, Optional, Tuple, Union
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseError

from .. import close_codes
from ..sockets.consumer import RecheckMixin, SignedOut
from ..sockets.session_check import answer
from .attendance import Visit, visit_of
from .entries import frame
from .epochs import EPOCH, Since
from .flow import wire_of
from .follower import LATEST, SinceBeyondHead, StreamFollower
from .names import check_storable
from .routes import signed_in
from .store import MAX_SEQ

__all__ = ["StreamConsumer", "StreamConsumerMixin", "StreamFollower", "since_from"]

logger = logging.getLogger(__name__)

CLOSE_BAD_SINCE = close_codes.BAD_SINCE  # until 0.2, for sites that have written it
GOODBYE_SECONDS = 2.0


def since_from(scope: Dict[str, Any]) -> Optional[str]:
    """
    The text of ?since= in the query string of an ASGI scope; None when there is none.

    It keeps the ?epoch= beside it in mind, for follow().
    """
    query = scope.get("query_string", b"")
    if isinstance(query, bytes):
        query = query.decode("latin-1")
    fields = parse_qs(query, keep_blank_values=True)
    if "since" not in fields:
        return None
    return Since.of(fields["since"][-1], fields.get("epoch", [None])[-1])


def parse_cursor(value: Union[int, str]) -> Tuple[int, Optional[str]]:
    """
    (sequence number or LATEST, epoch or None) from what parse_since() takes, or "epoch:number".

    Raises ValueError.
    """
    epoch = getattr(value, "epoch", None)
    if isinstance(value, str) and ":" in value:
        before, _, value = value.rpartition(":")
        if not EPOCH.match(before):
            raise ValueError(f"since must have an epoch before the colon, not {before!a:.40}")
        epoch = before
    return parse_since(value), epoch


def parse_since(value: Union[int, str]) -> int:
    """A sequence number or LATEST from an int, digits, "latest" or "-1"; raises ValueError."""
    if value in ("latest", "-1") or (value == -1 and not isinstance(value, bool)):
        return LATEST
    if isinstance(value, str) and re.match(r"[0-9]{1,19}\Z", value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SEQ:
        return value
    raise ValueError(f"since must be a sequence number or latest, not {value!a:.40}")


class StreamConsumerMixin(RecheckMixin):
    """
    Adds follow() and unfollow() to an AsyncWebsocketConsumer; list it first.

    A consumer that only follows streams may say `channel_layer_alias = None`: entries arrive all
    the same, a socket takes less memory, and a failing channel layer cannot close it.
    Whoever is signed out is disconnected; may_stay() can ask for more, see RecheckMixin.
    """

    _followers: Optional[Dict[str, StreamFollower]] = None
    base_send: Any  # channels' consumers set it

    async def __call__(self, *events: Any, **named: Any) -> None:
        try:
            await super().__call__(*events, **named)
        finally:
            # Also when the consumer raised or was cancelled and disconnect() was never called.
            await self.unfollow()

    async def follow(
        self,
        stream: str,
        since: Union[int, str, None],
        as_message: Optional[Callable[[Any], Optional[str]]] = None,
        presence: Any = False,
    ) -> bool:
        """
        Send `stream` to this accepted socket from `since` on; returns whether it began.

        `since` is a sequence number, "latest", or what since_from() returned. One that is none of
        them is answered with an error frame and the close code BAD_SINCE; one beyond the last
        entry, or of another epoch, with a reset frame and all entries, or with START_OVER if the
        client knows of no epochs; a text that cannot be a stream's name, as one from a URL may be,
        with NOT_FOUND. With `as_message` (body -> text, or None to skip)
        entries are sent as {"message": text} and `since` may be None for "latest".
        With `presence` the reader counts among those who are here: True, or what is shown to
        others of the user in the scope (JSON; a function(user) is called in a thread).
        """
        try:
            check_storable(stream)
        except ValueError as error:
            if not isinstance(stream, str):
                raise
            await self._refuse(stream, "bad-name", error, close_codes.NOT_FOUND)
            return False
        await self.unfollow(stream)
        try:
            position, epoch = parse_cursor(LATEST if since is None else since)
            visit = await self._visit(presence, as_message is not None)
            if self._followers is None:
                self._followers = {}
            follower = self._followers[stream] = StreamFollower(
                self._send_stream_text,
                stream,
                position,
                render=as_message,
                close=self._close_stream,
                backlog=wire_of(self.base_send),
                epoch=None if as_message else epoch,
                visit=visit,
            )
            await follower.start()
        except SinceBeyondHead as error:
            await self._refuse(stream, "start-over", error, close_codes.START_OVER)
            return False
        except ValueError as error:
            await self._refuse(stream, "bad-since", error, close_codes.BAD_SINCE)
            return False
        return True

    async def _visit(self, presence: Any, mute: bool) -> Optional[Visit]:
        if presence is False or isinstance(presence, Visit):
            return presence or None
        if presence is not True and not callable(presence):
            shown, presence = presence, lambda user: shown
        user = self.scope.get("user")
        return await database_sync_to_async(visit_of)(self.scope, user, presence, {}, mute)

    async def unfollow(self, stream: Optional[str] = None) -> None:
        """Stop sending `stream`, or everything; leaves no task and no group membership."""
        followers = self._followers or {}
        names = list(followers) if stream is None else [stream]
        ending = []
        for name in names:
            follower = followers.pop(name, None)
            if follower is not None:
                ending += follower.stop()
        if ending:
            await asyncio.wait(ending, timeout=GOODBYE_SECONDS)

    async def _refuse(self, stream: str, code: str, error: Exception, number: int) -> None:
        await self.unfollow(stream)
        await self._send_stream_text(frame("error", code=code, detail=str(error)))
        await self._close_stream(number)

    async def _send_stream_text(self, text: str) -> None:
        await self.base_send({"type": "websocket.send", "text": text})

    async def _close_stream(self, code: int) -> None:
        await self.base_send({"type": "websocket.close", "code": code})


class StreamConsumer(StreamConsumerMixin, AsyncWebsocketConsumer):
    """
    One stream at one address, for those who may follow it; put it behind guard()::

        class News(StreamConsumer):
            stream = "news"  # or "deploy:{uid}", if the route has (?P<uid>…)

            def may_follow(self, user, **fields):
                return user.has_perm("news.read")

    may_follow() is asked at the handshake, which is refused with 403, and again whenever open
    sockets are checked. For many streams on one socket see many.py.
    """

    channel_layer_alias = None
    stream = ""
    presence = False  # whether readers are counted, and told who is here if they ask for it

    _here: Any = False

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        for function in (cls.may_follow, cls.shown):
            if inspect.iscoroutinefunction(function):
                name = f"{cls.__name__}.{function.__name__}"
                raise TypeError(f"{name} is called in a thread and cannot be async")

    def may_follow(self, user: Any, **fields: Any) -> bool:
        """Whether the user may; `fields` are those of the route. In a thread; may query."""
        return signed_in(user)

    def shown(self, user: Any, **fields: Any) -> Any:
        """
        What others are shown of a user, where there is presence: JSON of up to 500 characters, or
        None to be only counted. Asked once, as the socket opens; in a thread; may query.
        """
        return None

    def stream_name(self) -> str:
        """The stream of this socket."""
        return self.stream.format(**self._fields())

    def may_stay(self, user: Any) -> bool:
        return self.may_follow(user, **self._fields())

    async def connect(self) -> None:
        try:
            allowed = await database_sync_to_async(self._admit)()
        except DatabaseError as error:
            logger.warning("socket refused, the database does not answer: %s", error)
            # Over HTTP 503: nobody knows whether it may, and it should come back.
            await self.close(close_codes.RESTART)
            return
        if not allowed:
            # Before it is accepted a close is an answer 403 to the handshake.
            await self.close()
            return
        await self.accept()
        since = since_from(self.scope) or 0
        await self.follow(self.stream_name(), since, presence=self._here)

    def _admit(self) -> bool:
        try:
            user = self.user_now()
        except SignedOut:
            return False
        if not answer(False, self.may_stay, user):
            return False
        if self.presence:
            self._here = visit_of(self.scope, user, self.shown, self._fields())
        return True

    def _fields(self) -> Dict[str, Any]:
        return self.scope.get("url_route", {}).get("kwargs", {})
