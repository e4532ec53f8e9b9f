"""Two real Redis servers share the channels between them."""

import pytest

from tests.support.probe import prove, source


@source
def code():
    import asyncio
    import os

    from channels_redis.core import RedisChannelLayer

    hosts = [("127.0.0.1", int(port)) for port in os.environ["PORTS"].split()]

    async def main():
        # One process receives, another sends.
        layer, sender = RedisChannelLayer(hosts=hosts), RedisChannelLayer(hosts=hosts)
        names = [await layer.new_channel() for _ in range(30)]
        tasks = [asyncio.ensure_future(layer.receive(name)) for name in names]
        for number, name in enumerate(names):
            await sender.send(name, {"type": "hello", "number": number})
        done, lost = await asyncio.wait(tasks, timeout=15)
        for task in lost:
            task.cancel()
        if lost:
            await asyncio.wait(lost)
        print("some lost" if lost else "all arrived")
        if not lost:
            print([task.result()["number"] for task in tasks] == list(range(30)))
            await layer.group_add("all", names[0])
            await sender.group_send("all", {"type": "group"})
            print((await asyncio.wait_for(layer.receive(names[0]), 9))["type"])
            for used in (layer, sender):
                await used.close_pools()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


@pytest.fixture
def ports(redis, more_redis):
    return "%d %d" % (redis.port, more_redis().port)


def test_every_message_to_a_name_arrives(ports):
    name = "channels_redis.sharded_send"
    # Without the patch all 30 reach the right one of two servers once in a thousand million times.
    prove(name, code, good="all arrived\nTrue\ngroup", bad="some lost", env={"PORTS": ports})
