"""One specification for the layers that a site may name; what they do otherwise is listed here."""

import asyncio
import itertools

import pytest
from channels.layers import InMemoryChannelLayer
from channels_redis.core import RedisChannelLayer

from compat.channel_layer.pubsub import RedisPubSubChannelLayer
from tests.support.redis import Redis

from . import rules

LAYERS = {
    "pubsub": RedisPubSubChannelLayer,
    "redis": RedisChannelLayer,
    "memory": InMemoryChannelLayer,
}
# (layer, rule): why it does not keep it. A rule that is kept after all fails.
DIFFERENCES = {
    ("redis", "a_full_member_does_not_hold_up_its_group"): "its capacity is that of the list of a"
    " process: what was fetched with another one's messages waits without a limit",
    ("pubsub", "whoever_sends_is_told_of_a_full_channel"): "another process does not know how many"
    " messages wait: those without room are lost, logged and counted there",
}
numbers = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


class Makers:
    """make(layer's options), for one test: they share a prefix, or a memory."""

    def __init__(self, kind, server, config):
        self.kind, self.server = kind, server
        self.config = dict(config, prefix="test%d:" % next(numbers))
        self.made = []

    def __call__(self, **options):
        if self.kind == "memory":
            if not self.made:
                self.made.append(InMemoryChannelLayer(**options))
            return self.made[0]
        hosts = [("127.0.0.1", self.server.port)] * self.config.get("times", 1)
        config = {key: value for key, value in self.config.items() if key != "times"}
        self.made.append(LAYERS[self.kind](hosts=hosts, **dict(config, **options)))
        return self.made[-1]

    async def close(self):
        for layer in self.made:
            if self.kind != "memory":
                await layer.close_pools()


@pytest.mark.parametrize("rule", rules.ALL, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("kind", list(LAYERS))
def test_rule(kind, rule, server, run, request):
    why = DIFFERENCES.get((kind, rule.__name__))
    if why is not None:
        request.applymarker(pytest.mark.xfail(reason=why, strict=True))
    keep(kind, rule, server, run)


@pytest.mark.parametrize(
    "config",
    [{"symmetric_encryption_keys": ["secret"]}, {"times": 3}],
    ids=["encrypted", "three hosts"],
)
@pytest.mark.parametrize("rule", rules.ALL, ids=lambda rule: rule.__name__)
def test_rule_of_the_pub_sub_layer_otherwise_configured(config, rule, server, run):
    # Those about time take seconds.
    if "expiry" not in rule.__name__ and ("pubsub", rule.__name__) not in DIFFERENCES:
        keep("pubsub", rule, server, run, config)


def keep(kind, rule, server, run, config=()):
    make = Makers(kind, server, dict(config))

    async def main():
        try:
            await asyncio.wait_for(rule(make), 40)
        finally:
            await make.close()

    run(main())
