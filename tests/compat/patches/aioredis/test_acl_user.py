"""A real Redis with a user of its own for the site."""

import json

import pytest

from tests.support.probe import probe, prove, source
from tests.support.redis import RedisError
from tests.support.servers import HOST

NAME = "aioredis.acl_user"


@source
def sends():
    import asyncio
    import json
    import os

    from channels_redis.core import RedisChannelLayer

    async def main(url):
        layer = RedisChannelLayer(hosts=[url])
        try:
            await layer.send("probed", {"type": "said"})
            print((await layer.receive("probed"))["type"], end=" ")
        except Exception as error:
            print(str(error).split()[0], end=" ")

    for url in json.loads(os.environ["URLS"]):
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(main(url))


@pytest.fixture
def redis(more_redis):
    server = more_redis()
    try:
        server.say("ACL", "SETUSER", "site", "on", ">p@w", "~*", "+@all", "&*")
    except RedisError as error:
        pytest.skip("this Redis is older than 6: %s" % error)
    server.say("ACL", "SETUSER", "default", "resetpass", ">default")
    return server


def urls(redis, *texts):
    return {"URLS": json.dumps([text % {"at": "%s:%d" % (HOST, redis.port)} for text in texts])}


def test_the_user_of_the_address_logs_in(redis):
    env = urls(
        redis, "redis://site:p%%40w@%(at)s/0", "redis://%(at)s?password=p%%40w&username=site"
    )
    prove(NAME, sends, good="said said", bad="WRONGPASS WRONGPASS", env=env)
    assert probe(sends, env=urls(redis, "redis://site:wrong@%(at)s")).said.strip() == "WRONGPASS"


def test_a_name_that_means_nothing_does_no_harm(redis):
    """redis://h:password@host is how some hosters write the default user's."""
    env = urls(redis, "redis://h:default@%(at)s", "redis://:default@%(at)s")
    assert probe(sends, env=env).said.strip() == "said said"


def test_every_name_of_the_function_is_replaced():
    code = """
from aioredis import connection, pool, util
assert connection.parse_url is pool.parse_url is util.parse_url
address, options = util.parse_url("redis://u:p@h/1")
print(address, options["password"], getattr(options["password"], "user", None))
"""
    assert probe(code).said.split() == ["('h',", "6379)", "p", "u"]
