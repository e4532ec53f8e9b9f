"""Redis, or the way to it, goes away without a word while one waits for a message."""

from tests.support.probe import probe, prove, source

NAME = "channels_redis.silent_connection"


# A relay in front of Redis stops passing on what its first connections say, and keeps them open.
@source
def silent():
    import asyncio
    import os

    from channels_redis.core import RedisChannelLayer

    from compat.patches.channels_redis import silent_connection

    silent_connection.ANSWER_SECONDS = 0.5
    redis = "127.0.0.1", int(os.environ["PORT"])
    silent, connections = [], []

    async def pass_on(reader, writer, connection):
        while True:
            data = await reader.read(4096)
            if not data:
                return writer.close()
            if connection not in silent:
                writer.write(data)

    async def relay(reader, writer):
        connection = object()
        connections.append(connection)
        there = await asyncio.open_connection(*redis)
        asyncio.ensure_future(pass_on(there[0], writer, connection))
        await pass_on(reader, there[1], connection)

    async def main():
        server = await asyncio.start_server(relay, "127.0.0.1", 0)
        layer = RedisChannelLayer(hosts=[server.sockets[0].getsockname()])
        sender = RedisChannelLayer(hosts=[redis])
        layer.brpop_timeout = 1
        name = await layer.new_channel()
        waiting = asyncio.ensure_future(layer.receive(name))
        async with sender.connection(0) as connection:
            while b"cmd=brpop" not in await connection.execute("client", "list"):
                await asyncio.sleep(0.01)
            silent.extend(connections)
        await sender.send(name, {"type": "first"})
        # Redis gave it to the silent connection: it comes back from the messages in flight.
        print((await asyncio.wait([waiting], timeout=15))[0] and waiting.result()["type"])
        waiting.cancel()
        await asyncio.wait([waiting])
        # One that is quiet because there is nothing to say is kept.
        silent_connection.ANSWER_SECONDS = 2
        layer.brpop_timeout = 3
        known = len(connections)
        waiting = asyncio.ensure_future(layer.receive(name))
        await asyncio.wait([waiting], timeout=6.5)
        print(waiting.done(), len(connections) - known < 2)
        waiting.cancel()
        await asyncio.wait([waiting])
        for one in layer, sender:
            await one.wait_received()
            await one.close_pools()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(asyncio.wait_for(main(), 60))


# What the pools are given, and that the settings stay what they were.
@source
def hosts():
    from aioredis import RedisConnection
    from channels_redis.core import RedisChannelLayer

    class Own(RedisConnection):
        pass

    given = [
        ("127.0.0.1", 6379),
        ["127.0.0.1", 6379],
        "redis://:p@127.0.0.1:6379/0",
        "/run/redis.sock",
        {"address": "/run/redis.sock", "db": 1},
        {"address": ("a", 1), "connection_cls": Own},
        {"sentinels": [("a", 1)], "master_name": "m"},
    ]
    before = repr(given)
    layer = RedisChannelLayer(hosts=given)
    classes = [pool.host["connection_cls"] for pool in layer.pools]
    print(*["own" if found is Own else issubclass(found, RedisConnection) for found in classes])
    print(
        repr(given) == before,
        [
            set(pool.host) - set(host)
            for pool, host in zip(layer.pools, given)
            if isinstance(host, dict)
        ],
    )


@source
def limits():
    from compat.patches.channels_redis.silent_connection import allowed

    for command, *args in (
        ["get", "a"],
        [b"BRPOPLPUSH", "a", "b", 5],
        ["brpop", "a", 0],
        [b"BLPOP", "a", 0.5],
    ):
        print(allowed(command, args))


def test_messages_come_again_when_a_connection_went_silent(env):
    prove(NAME, silent, good="first\nFalse True", bad="set()", env=env)


def test_every_host_gets_it_but_those_that_have_their_own():
    result = probe(hosts)
    same, more = (
        "True True True True True own True",
        [{"connection_cls"}, set(), {"connection_cls"}],
    )
    assert result.said == "%s\nTrue %s" % (same, more), result.error


def test_how_long_an_answer_may_take():
    assert probe(limits).said.split() == ["10.0", "15.0", "None", "10.5"]
