"""One socket a stream: resumable with ?since=, plain messages without."""

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf.urls import url

from compat.streams import ahead, apublish, head
from compat.streams.consumer import StreamConsumer, StreamConsumerMixin, since_from
from compat.streams.many import StreamRoute, StreamsConsumer, anybody
from compat.streams.over_http import over_http


def as_message(body):
    """Only entries that are text reach plain readers."""
    return body if isinstance(body, str) else None


class Reader(StreamConsumerMixin, AsyncWebsocketConsumer):
    async def connect(self):
        stream = self.scope["url_route"]["kwargs"]["stream"]
        if stream == "fails":
            raise RuntimeError("asked to fail")
        since = since_from(self.scope)
        # Before the client learns that it is connected: what comes later is its news.
        now = await ahead(stream) if since is None else None
        await self.accept()
        if since is None:
            await self.follow(stream, now, as_message=as_message)
        else:
            await self.follow(stream, since)

    async def receive(self, text_data=None, bytes_data=None):
        if text_data == "fail":
            raise RuntimeError("asked to fail")
        if text_data == "publish":
            await apublish(self.scope["url_route"]["kwargs"]["stream"], "pushed")
        if text_data == "unfollow":
            await self.unfollow()
            await self.send(text_data="unfollowed")


def not_closed(user, name):
    """A room is open as long as nobody has published to its other stream."""
    return not head(f"closed:{name}")


class Streams(StreamsConsumer):
    routes = [
        StreamRoute("{name*}:secret", lambda user, name: False),
        StreamRoute("news{more*}", anybody),
        StreamRoute("test:{name}", anybody),
        StreamRoute("room:{name}", not_closed, lists=True),
        StreamRoute("in {name*}", not_closed, lists=True, presence=True),
    ]


class Lobby(StreamConsumer):
    stream = "lobby"
    presence = True

    def may_follow(self, user):
        return True


class Room(StreamConsumer):
    stream = "room:{name}"

    def may_follow(self, user, name):
        return not_closed(user, name)


sockets = URLRouter(
    [
        url(r"^ws/streams/$", Streams),
        url(r"^ws/lobby/$", Lobby),
        url(r"^ws/rooms/(?P<name>[^/]+)/$", Room),
        url(r"^ws/(?P<stream>[^/]+)/$", Reader),
    ]
)
application = ProtocolTypeRouter({"websocket": sockets, "http": over_http(sockets)})
