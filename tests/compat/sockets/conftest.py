"""A site with guarded sockets: a real daphne, a real Redis, a database of its own."""

import contextlib
import json
import os
import socket
from urllib.parse import urlsplit

import pytest
import websocket
from django.contrib.auth.models import Permission
from django.test import Client

from compat import layer_keys
from tests.deploy.conftest import make_user, migrated_database, site  # noqa: F401
from tests.support.daphne import daphne
from tests.support.servers import start_redis


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    server = start_redis(tmp_path_factory.mktemp("redis"))
    if server is None:
        pytest.skip("no Redis server is installed")
    yield f"redis://127.0.0.1:{server.port}/0"
    server.stop()


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
def serve(site, redis_url, settings, tmp_path):  # noqa: F811
    """serve(name=value…) starts a daphne with those settings; a context manager."""
    backend = "channels_redis.core.RedisChannelLayer"
    keys = layer_keys.read(os.path.join(site.var, "layer_keys"))  # the site's own
    config = {"hosts": [redis_url], "symmetric_encryption_keys": keys}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": config}}

    @contextlib.contextmanager
    def start(options=(), environ=None, **changes):
        environment = {
            "DEVOPS_VAR": site.var,
            "SECRET_KEY": settings.SECRET_KEY,
            "REDIS_URL": redis_url,
            "DJANGO_SETTINGS_MODULE": "tests.compat.sockets.settings",
            "SOCKETS_SITE": json.dumps(changes),
            "PYTHONWARNINGS": "ignore",
        }
        environment.update(environ or {})
        with daphne(tmp_path, "devops.asgi:application", *options, **environment) as address:
            server = Server(address)
            yield server
            for connection in server.opened:
                connection.close()
        with open(os.path.join(str(tmp_path), "daphne.log")) as log:
            text = log.read()
        assert "Traceback" not in text, text

    return start


class Visitor(object):
    """Somebody with a browser."""

    def __init__(self, name):
        self.user = make_user(name)
        self.client = Client()
        self.client.force_login(self.user)

    @property
    def cookie(self):
        return "sessionid=" + self.client.cookies["sessionid"].value

    def allow(self, codename="change_user"):
        self.user.user_permissions.add(Permission.objects.get(codename=codename))
        return self


@pytest.fixture
def ann(site):  # noqa: F811
    return Visitor("vera")


def redis_says(url, *words, lines=1):
    """The last of so many lines of Redis' answer to a command."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as client:
        command = ["*%d\r\n" % len(words)] + ["$%d\r\n%s\r\n" % (len(w), w) for w in words]
        client.sendall("".join(command).encode())
        return client.recv(4096).split(b"\r\n")[lines - 1]
