"""A real Redis whose password cannot be written in a URL as it is."""

import json

from tests.support.probe import probe, prove, source
from tests.support.servers import HOST

NAME = "aioredis.url_password"
PASSWORD = "p@s/s?#%41"
QUOTED = "p%40s%2Fs%3F%23%2541"


@source
def code_probe():
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
            print(type(error).__name__, end=" ")

    for url in json.loads(os.environ["URLS"]):
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(main(url))


def test_a_quoted_password_is_the_right_one(more_redis):
    redis = more_redis("--requirepass", PASSWORD)
    urls = ["redis://:%s@%s:%d/0", "redis://someone:%s@%s:%d", "redis://:%s@%s:%d?db=1"]
    env = {"URLS": json.dumps([url % (QUOTED, HOST, redis.port) for url in urls])}
    prove(NAME, code_probe, good="said said said", bad=" ReplyError ", env=env)  # AuthError of some


def test_other_addresses_are_read_as_before():
    @source
    def code():
        from aioredis import connection, pool, util

        assert connection.parse_url is pool.parse_url is util.parse_url
        for url in [
            "redis://h",
            "redis://:p@h:1/2",
            "rediss://h/3?password=a%2540b",
            "unix:///a?password=p",
            "/a/b",
            "redis://:a+b@h",
            "redis://[::1]:1/0",
            "redis://h?timeout=1.5&encoding=utf-8",
        ]:
            address, options = util.parse_url(url)
            print(address, sorted(options.items()))

    ours, stock = probe(code), probe(code, disable=NAME)
    assert ours.said and ours.said == stock.said, ours.error
