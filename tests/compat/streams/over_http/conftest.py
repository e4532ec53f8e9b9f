"""One daphne for all tests of the room, beside a real Redis; a process that publishes."""

import json

import pytest

from tests.support.redis import Redis
from tests.support.servers import HOST
from tests.support.sites.streams import Site, Steps


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def site(sqlite_settings, redis, tmp_path_factory, request):
    layer = json.dumps([[HOST, redis.port]])
    folder = tmp_path_factory.mktemp("over_http")
    beat = getattr(request.module, "BEAT", 0.3)
    site = Site(sqlite_settings, folder, layer, beat=beat, slow=1, long_poll=1, poll=0.5)
    yield site
    site.close()


@pytest.fixture(scope="module")
def server(site):
    server = site.daphne()
    yield server
    for said in ("Traceback", "took too long to shut down"):
        assert said not in server.output(), server.output()


@pytest.fixture(scope="module")
def step(site):
    steps = Steps(site)
    yield steps
    steps.close()


@pytest.fixture
def members(redis):
    """How many hubs Redis counts in the groups of streams."""

    def count():
        groups = redis.say("KEYS", "*group:streams.*")
        return sum(redis.say("ZCARD", group.decode()) for group in groups)

    return count
