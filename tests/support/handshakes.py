"""A site with a WebSocket for its own pages, and handshakes with it."""

import socket

SITE = """
import compat
compat.install()
from django.conf import settings
settings.configure(ALLOWED_HOSTS=["127.0.0.1", ".example.com"], SECRET_KEY="probe")
import django
django.setup()
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter
from channels.security.websocket import AllowedHostsOriginValidator
application = ProtocolTypeRouter({"websocket": AllowedHostsOriginValidator(AsyncWebsocketConsumer)})
"""


def handshake(address, origin, path="/", seconds=30):
    """The first line of the answer to a WebSocket handshake, "" when none comes in time."""
    with socket.create_connection(address, timeout=seconds) as client:
        lines = [
            "GET %s HTTP/1.1" % path,
            "Host: 127.0.0.1",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            "Origin: " + origin,
        ]
        client.sendall("\r\n".join(lines + ["", ""]).encode())
        try:
            return client.recv(4096).decode().partition("\r\n")[0]
        except socket.timeout:
            return ""
