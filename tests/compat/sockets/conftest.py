"""A site with guarded sockets: a real daphne, a real Redis, a database of its own."""

import contextlib
import json
import os
import socket

import pytest
import websocket

from compat import layer_keys
from tests.compat.sockets.visitors import Visitor
from tests.support.daphne import Daphne, listening


class Server(object):
    """One daphne of the site."""

    def __init__(self, address):
        self.address = address
        self.host = "%s:%d" % address
        self.opened = []

    def open(self, path="/echo/", cookie=None, **options):
        connection = websocket.create_connection(
            f"ws://{self.host}{path}",
            cookie=cookie,
            origin=f"http://{self.host}",
            timeout=20,
            **options,
        )
        self.opened.append(connection)
        return connection

    def status(self, *headers, path="/echo/"):
        """The status that answers a handshake with these headers besides the usual ones."""
        lines = ["GET %s HTTP/1.1" % path, "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
        if not any(line.startswith("Host:") for line in headers):
            lines.append("Host: " + self.host)
        with socket.create_connection(self.address, timeout=20) as client:
            client.sendall("\r\n".join(lines + list(headers) + ["", ""]).encode("latin-1"))
            return int(client.recv(4096).split()[1])


@pytest.fixture
def serve(site, redis, settings, tmp_path):
    """serve(name=value…) starts a daphne with those settings; a context manager."""
    backend = "channels_redis.core.RedisChannelLayer"
    keys = layer_keys.read(os.path.join(site.var, "layer_keys"))  # the site's own
    config = {"hosts": [redis.url], "symmetric_encryption_keys": keys}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": config}}

    @contextlib.contextmanager
    def start(options=(), environ=None, failing=False, **changes):
        environment = {
            "DEVOPS_VAR": site.var,
            "SECRET_KEY": settings.SECRET_KEY,
            "REDIS_URL": redis.url,
            "DJANGO_SETTINGS_MODULE": "tests.compat.sockets.settings",
            "SOCKETS_SITE": json.dumps(changes),
            "PYTHONWARNINGS": "ignore",
        }
        environment.update(environ or {})
        with listening() as listener:
            process = Daphne(
                tmp_path, "devops.asgi:application", *options, listener=listener, **environment
            )
            try:
                server = Server(process.address)
                server.process = process
                yield server
                for connection in server.opened:
                    connection.close()
            finally:
                process.stop()
        with open(os.path.join(str(tmp_path), "daphne.log")) as log:
            text = log.read()
        assert failing or "Traceback" not in text, text

    return start


@pytest.fixture
def ann(site):
    return Visitor("vera")
