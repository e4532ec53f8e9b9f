"""A real daphne and Redis: HTTP consumers that wait for channel messages, and some that do not."""

import http.client
import json
import time

import pytest

from tests.support.daphne import daphne
from tests.support.servers import free_port

NAME = "channels.http_consumer_layer"
SITE = """
import compat
compat.install()
import asyncio, json, os
from django.conf import settings
settings.configure(
    SECRET_KEY="probe",
    CHANNEL_LAYERS={} if "REDIS" not in os.environ else {"default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [("127.0.0.1", int(os.environ["REDIS"]))]},
    }},
)
import django
django.setup()
from channels.db import database_sync_to_async
from channels.generic.http import AsyncHttpConsumer

ended = []

class Base(AsyncHttpConsumer):
    async def disconnect(self):
        ended.append(self.scope["path"])

class Poll(Base):
    async def handle(self, body):
        await self.channel_layer.group_add("readers", self.channel_name)
        await self.send_headers(headers=[(b"X-Ready", b"yes")])
        await self.send_body(b"<" + body + b">", more_body=True)

    async def news(self, event):
        await self.send_body(event["text"].encode(), more_body=not event.get("last"))

class PollFromThread(Poll):
    async def handle(self, body):
        await database_sync_to_async(lambda: self.channel_name)()
        await super().handle(body)

class Publish(Base):
    async def handle(self, body):
        event = dict(json.loads(body.decode()), type="news")
        await self.channel_layer.group_send("readers", event)
        await self.send_response(200, b"published")

class Plain(Base):
    async def handle(self, body):
        await self.send_response(200, body)

class Layerless(Base):
    async def handle(self, body):
        has = [hasattr(self, "channel_name"), self.channel_layer is not None]
        await self.send_response(200, json.dumps(has).encode())

class Failing(Base):
    async def handle(self, body):
        raise LookupError("on purpose")

class Ended(Base):
    async def handle(self, body):
        await self.send_response(200, json.dumps(ended).encode())

routes = {"/poll/": Poll, "/thread/": PollFromThread, "/publish/": Publish, "/plain/": Plain,
          "/layerless/": Layerless, "/failing/": Failing, "/ended/": Ended}

def application(scope):
    return routes[scope["path"]](scope)
"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site_of_probe.py").write_text(SITE)
    return tmp_path


def open_request(address, path, body=b""):
    """(connection, response) once the headers are here."""
    connection = http.client.HTTPConnection(*address, timeout=20)
    connection.request("POST", path, body)
    return connection, connection.getresponse()


def post(address, path, body=b""):
    connection, response = open_request(address, path, body)
    try:
        return response.status, response.read().decode()
    finally:
        connection.close()


def ended(address, path):
    """How many consumers of this path have ended, once any has."""
    deadline = time.monotonic() + 20
    while True:
        count = json.loads(post(address, "/ended/")[1]).count(path)
        if count:
            return count
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("path", ["/poll/", "/thread/"])
def test_a_response_waits_for_messages_of_its_group(site, redis, path):
    with daphne(site, "site_of_probe:application", REDIS=str(redis.port)) as address:
        connection, response = open_request(address, path, b"question")
        assert response.headers["X-Ready"] == "yes"
        assert response.read(10) == b"<question>"
        assert post(address, "/publish/", b'{"text": "one"}') == (200, "published")
        assert response.read(3) == b"one"
        assert post(address, "/publish/", b'{"text": "two", "last": true}')[0] == 200
        assert response.read() == b"two"
        connection.close()
        assert ended(address, path) == 1


def test_without_the_patch_there_is_no_layer(site, redis):
    environ = {"REDIS": str(redis.port), "COMPAT_DISABLE": NAME}
    with daphne(site, "site_of_probe:application", **environ) as address:
        assert post(address, "/poll/")[0] == 500
    assert "no attribute 'channel_layer'" in (site / "daphne.log").read_text()


def test_a_reader_who_leaves_ends_the_consumer(site, redis):
    with daphne(site, "site_of_probe:application", REDIS=str(redis.port)) as address:
        connection, response = open_request(address, "/poll/")
        assert response.read(2) == b"<>"
        response.close()
        connection.close()
        assert ended(address, "/poll/") == 1
        assert post(address, "/publish/", b'{"text": "one"}') == (200, "published")


def test_a_plain_endpoint_does_not_depend_on_the_layer(site):
    with daphne(site, "site_of_probe:application", REDIS=str(free_port())) as address:
        big = "x" * 100000
        assert [post(address, "/plain/", big.encode()) for _ in range(3)] == [(200, big)] * 3
        assert ended(address, "/plain/") == 3
        assert post(address, "/failing/")[0] == 500
        assert ended(address, "/failing/") == 1
    log = (site / "daphne.log").read_text()
    assert "on purpose" in log and "Redis" not in log


def test_without_a_layer_there_is_none(site):
    with daphne(site, "site_of_probe:application") as address:
        assert post(address, "/layerless/") == (200, "[false, false]")
