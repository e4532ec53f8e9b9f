"""The socket of a service: /ws/deploy/<service_uid>/."""

import asyncio
import json
import logging

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseError

from compat import close_codes
from compat.sockets.rate import Bucket
from compat.streams import head
from compat.streams.consumer import StreamConsumerMixin, since_from
from deploy import entries
from deploy.messages import group_name, send_channel_msg
from deploy.models import stream_name
from deploy.permissions import all_on_sockets
from deploy.settings import MAX_FRAME
from deploy.socket_user import SocketUser

__all__ = ["DeployResult", "send_channel_msg"]

logger = logging.getLogger(__name__)

GOODBYES = {
    close_codes.SIGNED_OUT: ("signed-out", "you are not signed in any more"),
    close_codes.FORBIDDEN: ("forbidden", "you may not follow this service any more"),
    close_codes.NOT_FOUND: ("not-found", "there is no such service any more"),
}

FRAMES_PER_SECOND = 20
FRAMES_AT_ONCE = 40
# A handshake waits so long for a channel layer that does not answer: of a socket that can do
# without, and of one that cannot.
JOIN_SECONDS, JOIN_SECONDS_FOR_MESSAGES = 0.5, 3.0


class DeployResult(StreamConsumerMixin, AsyncWebsocketConsumer):
    """Follows a service's deployments, and passes messages around among those who do.

    With ?since=<sequence number|latest> the connection is resumable and gets the stream's frames;
    without it gets {"message": text} frames only, from now on. {"message": text} from a client who
    may run the service goes to everybody. What is wrong with a client's frame is answered with
    {"type": "error", "code": ..., "detail": ...}. Close codes: 4501 signed out, 4503 no permission
    any more, 4504 the service is gone, 4509 a frame larger than DEPLOY_MAX_FRAME.
    """

    group = None
    uid = None
    joined = None  # to the group; None: not tried yet, or just now
    _closing = _left = False

    @classmethod
    def dismissals(cls, members):
        """A service that was removed, or a permission taken away, ends what it had opened."""
        members = [(consumer, user) for consumer, user in members if consumer.uid is not None]
        answers = all_on_sockets([(user, consumer.uid) for consumer, user in members])
        codes = {False: close_codes.FORBIDDEN, None: close_codes.NOT_FOUND}
        return {
            consumer: codes[answer]
            for (consumer, _), answer in zip(members, answers)
            if answer is not True
        }

    async def dismissed(self, code):
        if not self._closing:
            await self._error(*GOODBYES[code])
            await self._end(code)

    def rechecked(self):
        """The channel layer may not have answered when the socket was opened."""
        if self.joined is False and not self._closing:
            self.joined = None
            asyncio.ensure_future(self._join())

    async def connect(self):
        self.uid = self.scope["url_route"]["kwargs"]["service_uid"]
        try:
            admitted = await database_sync_to_async(admit)(self.scope, self.uid)
            self.socket_user, allowed, now = admitted
        except DatabaseError as error:
            logger.warning(
                "socket of %r refused, the database does not answer: %s", self.uid, error
            )
            # Over HTTP 503: nobody knows whether it may, and it should come back.
            await self.close(close_codes.RESTART)
            return
        if not allowed:
            # Before it is accepted a close is an answer 403 to the handshake.
            await self.close()
            return
        self.incoming = Bucket(FRAMES_PER_SECOND, FRAMES_AT_ONCE)
        self.complaints = Bucket(1, 1)
        since = since_from(self.scope)
        patience = JOIN_SECONDS_FOR_MESSAGES if since is None else JOIN_SECONDS
        await asyncio.wait([asyncio.ensure_future(self._join())], timeout=patience)
        await self.accept()
        if not self.joined and since is None and self.channel_layer is not None:
            # Nothing but messages is what it came for; let it come again.
            await self._end(close_codes.RESTART)
            return
        try:
            if since is None:
                await self.follow(stream_name(self.uid), now, as_message=entries.as_message)
            else:
                await self.follow(stream_name(self.uid), since)
        except DatabaseError as error:
            logger.warning("socket of %r: the database does not answer: %s", self.uid, error)
            await self._end(close_codes.RESTART)

    async def disconnect(self, code):
        self._closing = self._left = True
        await self.unfollow()
        await self._leave()

    async def _leave(self):
        if self.group is not None:
            group, self.group = self.group, None
            try:
                await self.channel_layer.group_discard(group, self.channel_name)
            except Exception as error:  # gone anyway: the layer forgets it by itself
                logger.info("leaving %s: %s: %s", group, type(error).__name__, error)

    async def receive(self, text_data=None, bytes_data=None):
        if self._closing:
            return
        if len(bytes_data or text_data or "") > MAX_FRAME():
            await self._error("too-large", "the frame is too large")
            await self._end(close_codes.TOO_LARGE)
        elif not self.incoming.take():
            # One answer a second: a flood is not worth a flood.
            if self.complaints.take():
                await self._error("too-fast", "too many frames; this one was dropped")
        elif text_data is None:
            await self._error("binary", "send text frames")
        else:
            await self._receive_text(text_data)

    async def _receive_text(self, text):
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            await self._error("bad-json", "the frame is not JSON")
            return
        message = frame.get("message") if isinstance(frame, dict) else None
        if not isinstance(message, str):
            await self._error("no-message", 'send {"message": "some text"}')
            return
        try:
            message.encode("utf-8")
        except UnicodeEncodeError:
            await self._error("bad-json", "the message is not valid Unicode")
            return
        try:
            if not await database_sync_to_async(self.socket_user.still_may)("run", self.uid):
                await self._error("forbidden", "you may follow this service, not write to it")
                return
            event = {"type": "client.message", "message": message}
            await self.channel_layer.group_send(group_name(self.uid), event)
        except Exception as error:
            logger.warning(
                "message to %r was not passed on: %s: %s", self.uid, type(error).__name__, error
            )
            await self._error("unavailable", "the message could not be passed on")

    async def client_message(self, event):
        """Pass on what another client wrote."""
        await self._send_message(event["message"])

    async def deploy_run(self, event):
        """Pass on what send_channel_msg() sent."""
        await self._send_message(event["text"])

    async def _send_message(self, text):
        if not self._closing:
            await self.send(text_data=json.dumps({"message": text}))

    async def _error(self, code, detail):
        await self.send(text_data=json.dumps({"type": "error", "code": code, "detail": detail}))

    async def _end(self, code):
        self._closing = True
        await self.unfollow()
        await self.close(code)

    async def _join(self):
        if self.channel_layer is None:  # streams need none, and messages are not passed on
            self.joined = False
            return
        try:
            await self.channel_layer.group_add(group_name(self.uid), self.channel_name)
        except Exception as error:
            logger.warning("joining %r: %s: %s", self.uid, type(error).__name__, error)
            self.joined = False
            return
        self.group = group_name(self.uid)
        self.joined = True
        if self._left:  # in the meantime
            await self._leave()


def admit(scope, uid):
    """Return (socket_user, whether they may follow, the head of the stream) for a handshake.

    The head is taken before the client learns that it is connected: what comes later is its news.
    """
    socket_user = SocketUser(scope)
    allowed = socket_user.may("follow", uid)
    return socket_user, allowed, head(stream_name(uid)) if allowed else 0
