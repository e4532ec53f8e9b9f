"""Who answers what on daphne: `settings.ASGI_APPLICATION` names this module."""

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf.urls import url

from compat.sockets import guard
from compat.streams.over_http import over_http
from deploy.routing import websocket_urlpatterns


class Refuse(AsyncWebsocketConsumer):
    """Answers 403: without it channels leaves a handshake for an unknown path unanswered."""

    async def connect(self):
        await self.close()


sockets = guard(URLRouter(websocket_urlpatterns + [url(r"", Refuse)]))
application = ProtocolTypeRouter(
    {
        "websocket": sockets,
        # The same over event streams and long polling; all else to Django's own views.
        "http": over_http(sockets),
    }
)
