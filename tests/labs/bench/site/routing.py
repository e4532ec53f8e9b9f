"""A reader of each kind at /ws/<name>/: a stream of ours, or a plain group; /ws/group/ has that."""

import json

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.conf.urls import url


class GroupReader(AsyncWebsocketConsumer):
    """Passes on what is sent to the group, as channels' tutorial does it."""

    async def connect(self):
        self.group = self.scope["url_route"]["kwargs"]["name"]
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def line(self, event):
        await self.send(text_data=json.dumps({"message": event["text"]}))


class Echo(AsyncWebsocketConsumer):
    """Answers with what it is told."""

    async def receive(self, text_data=None, bytes_data=None):
        await self.send(text_data=text_data, bytes_data=bytes_data)


if settings.OURS:
    from compat.streams.consumer import StreamConsumerMixin, since_from

    class Reader(StreamConsumerMixin, AsyncWebsocketConsumer):
        """Follows the stream from ?since= on, as the README's does."""

        channel_layer_alias = None

        async def connect(self):
            await self.accept()
            await self.follow(self.scope["url_route"]["kwargs"]["name"], since_from(self.scope))

else:
    Reader = GroupReader

application = ProtocolTypeRouter(
    {
        "websocket": URLRouter(
            [
                url(r"^ws/echo/$", Echo),
                url(r"^ws/group/(?P<name>[^/]+)/$", GroupReader),
                url(r"^ws/(?P<name>[^/]+)/$", Reader),
            ]
        )
    }
)
