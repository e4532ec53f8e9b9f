"""Who answers what on daphne: `settings.ASGI_APPLICATION` names this module."""
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

from deploy.routing import websocket_urlpatterns

application = ProtocolTypeRouter(
    {
        # HTTP keeps channels' default: Django's own views through AsgiHandler.
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
        )
    }
)
