"""
A reader of each kind at /ws/<name>/: a stream of ours, or a plain group; /ws/group/ has that, and
/ws/user/ the same for pages of the site, with the session and its user; /ws/page/ is for them what
/ws/<name>/ is. Runs with channels 4, too.
"""

import json

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings

try:
    from django.conf.urls import url
except ImportError:  # today's
    from django.urls import re_path as url


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


def one(consumer):
    """The consumer as an application of the channels that runs."""
    return consumer.as_asgi() if hasattr(consumer, "as_asgi") else consumer


def signed_in(application):
    """From pages of the site only, with "session" and "user" in the scope."""
    if settings.OURS:
        from compat.sockets import guard

        return guard(application)
    from channels.auth import AuthMiddlewareStack
    from channels.security.websocket import AllowedHostsOriginValidator

    return AllowedHostsOriginValidator(AuthMiddlewareStack(application))


protocols = {
    "websocket": URLRouter(
        [
            url(r"^ws/echo/$", one(Echo)),
            url(r"^ws/group/(?P<name>[^/]+)/$", one(GroupReader)),
            url(r"^ws/user/(?P<name>[^/]+)/$", signed_in(one(GroupReader))),
            url(r"^ws/page/(?P<name>[^/]+)/$", signed_in(one(Reader))),
            url(r"^ws/(?P<name>[^/]+)/$", one(Reader)),
        ]
    )
}
if hasattr(Echo, "as_asgi"):  # channels 2 does that by itself
    from django.core.asgi import get_asgi_application

    protocols["http"] = get_asgi_application()
application = ProtocolTypeRouter(protocols)
