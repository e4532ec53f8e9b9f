"""One socket a stream: resumable with ?since=, plain messages without."""

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf.urls import url

from compat.streams import ahead
from compat.streams.consumer import StreamConsumerMixin, since_from


def as_message(body):
    """Only entries that are text reach plain readers."""
    return body if isinstance(body, str) else None


class Reader(StreamConsumerMixin, AsyncWebsocketConsumer):
    async def connect(self):
        stream = self.scope["url_route"]["kwargs"]["stream"]
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
        if text_data == "unfollow":
            await self.unfollow()
            await self.send(text_data="unfollowed")


application = ProtocolTypeRouter(
    {"websocket": URLRouter([url(r"^ws/(?P<stream>[^/]+)/$", Reader)])}
)
