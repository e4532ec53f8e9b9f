"""WebSockets of a real daphne outlive their group's memory of them."""

import time

import pytest

from tests.support.probe import applies, prove, source
from tests.support.sentinels import FAKE

from .live_site import LiveSite

NAME = "channels_redis.group_membership"
EXPIRY = 2  # seconds


@source
def site_probe():
    global asyncio, socket
    import asyncio
    import os
    import socket

    import django
    from django.conf import settings

    address = "127.0.0.1", int(os.environ["PORT"])
    settings.configure(
        CHANNEL_LAYERS={
            "default": {
                "BACKEND": "channels_redis.core.RedisChannelLayer",
                "CONFIG": {"hosts": [address], "group_expiry": 8},
            }
        }
    )
    django.setup()
    from channels.consumer import AsyncConsumer
    from channels.layers import get_channel_layer

    layer = get_channel_layer()

    class Consumer(AsyncConsumer):
        async def start(self, event):
            for group in ["all", "some"]:
                await layer.group_add(group, self.channel_name)
            self.ready.set_result(None)

        async def fail(self, event):
            raise LookupError

    async def members(group):
        async with layer.connection(0) as connection:
            return sorted(
                name.decode() for name in await connection.zrange(layer._group_key(group))
            )


# Who is added again when Redis has lost everything: consumers that run, in groups they are in.
@source(site_probe)
def code(Consumer, address, asyncio, layer, members, os, socket):
    async def main():
        loop = asyncio.get_event_loop()
        consumers, tasks, inputs = [], [], []
        for _ in range(4):
            consumer = Consumer({})
            consumer.ready = loop.create_future()
            inputs.append(asyncio.Queue())
            inputs[-1].put_nowait({"type": "start"})
            consumers.append(consumer)
            tasks.append(loop.create_task(consumer(inputs[-1].get, None)))
            await consumer.ready
        names = [consumer.channel_name for consumer in consumers]
        gone = await loop.create_task(layer.new_channel())
        await layer.group_add("all", gone)
        await layer.group_add("all", "specific.elsewhere!x")
        await layer.group_add("all", "jobs")
        await layer.group_discard("some", names[0])
        tasks[1].cancel()
        inputs[2].put_nowait({"type": "fail"})
        await asyncio.wait(tasks[1:3])
        with socket.create_connection(address) as administrator:
            administrator.sendall(b"FLUSHALL\r\n")
            assert administrator.recv(100) == b"+OK\r\n"
        deadline = loop.time() + float(os.environ["LIMIT"])
        while not await members("some") and loop.time() < deadline:
            await asyncio.sleep(0.05)
        print(
            await members("all") == sorted([names[0], names[3]]), await members("some") == names[3:]
        )
        for task in tasks[::3]:
            task.cancel()
        await asyncio.wait(tasks)
        await asyncio.sleep(0)
        known = getattr(layer, "_members", None)
        print(*known and [known.groups, known.owners, known.channels] or ["nothing known"])
        await layer.close_pools()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


# A consumer that ends by an exception, beside one that goes on; a script's task that only joins.
@source(site_probe)
def failed(Consumer, asyncio, layer, members, os):
    async def join():
        name = await layer.new_channel()
        await layer.group_add("all", name)
        return name

    async def main():
        loop = asyncio.get_event_loop()
        await layer.flush()
        tasks, consumers = [], []
        for events in (["start"], ["start", "fail"]):
            consumer = Consumer({})
            consumer.ready = loop.create_future()
            consumers.append(consumer)
            inputs = asyncio.Queue()
            tasks.append(loop.create_task(consumer(inputs.get, None)))
            for event in events:
                inputs.put_nowait({"type": event})
            await consumer.ready
        stays = sorted([consumers[0].channel_name, await loop.create_task(join())])
        await asyncio.wait(tasks[1:])
        deadline = loop.time() + float(os.environ["LIMIT"])
        while await members("all") != stays and loop.time() < deadline:
            await asyncio.sleep(0.05)
        print(await members("all") == stays, await members("some") == [consumers[0].channel_name])
        tasks[0].cancel()
        await asyncio.wait(tasks)
        await layer.close_pools()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


@pytest.mark.parametrize("disable", ["", NAME])
def test_a_websocket_stays_in_its_group(redis, tmp_path, disable):
    if disable and not applies(NAME):
        pytest.skip("these versions do not have the defect")
    site = LiveSite(tmp_path, redis, group_expiry=EXPIRY)
    with site.daphne(disable) as address:
        socket, _ = site.connect(address)
        time.sleep(EXPIRY + 1)
        assert site.arrives(socket, "everybody", tries=2 if disable else 20) is not bool(disable)


@pytest.mark.parametrize("disable", ["", NAME])
def test_a_websocket_is_in_its_group_again_after_a_restart(redis, tmp_path, disable):
    if disable and not applies(NAME):
        pytest.skip("these versions do not have the defect")
    site = LiveSite(tmp_path, redis)
    with site.daphne(disable) as address:
        socket, _ = site.connect(address)
        assert site.arrives(socket, "everybody", tries=5)
        site.restart_redis()
        assert site.arrives(socket, "everybody", tries=3 if disable else 20) is not bool(disable)


# A failover to a replica that has the process's key, but missed its last member.
@source(FAKE)
def missed(asyncio, fake_sentinel, master, os):
    import aioredis
    from channels_redis.core import RedisChannelLayer

    old, new = [("127.0.0.1", int(os.environ[name])) for name in ("PORT", "OTHER")]

    async def listen(layer, ready):
        name = await layer.new_channel()
        await layer.group_add("news", name)
        ready.set_result(name)
        return (await layer.receive(name))["type"]

    async def main():
        master[0] = old
        host = {"sentinels": [await fake_sentinel()], "master_name": "mymaster"}
        layer, sender = RedisChannelLayer(hosts=[host]), RedisChannelLayer(hosts=[host])
        ready = asyncio.get_event_loop().create_future()
        task = asyncio.ensure_future(listen(layer, ready))
        await ready
        first, second = [await aioredis.create_redis(address) for address in (old, new)]
        for _ in range(500 if hasattr(layer, "_members") else 0):
            mark = await first.get(layer._members.mark)
            if mark is not None:
                await second.set(layer._members.mark, mark)
                break
            await asyncio.sleep(0.02)
        master[0] = new
        while b"cmd=brpop" not in await first.execute("client", "list"):
            await asyncio.sleep(0.01)
        await first.execute("client", "kill", "type", "normal")
        for _ in range(70):
            await sender.group_send("news", {"type": "received"})
            await asyncio.wait([task], timeout=0.1)
            if task.done():
                break
        print(task.result() if task.done() else "missed")
        task.cancel()
        await asyncio.wait([task])
        await layer.wait_received()
        for one in layer, sender:
            await one.close_pools()
        for one in first, second:
            one.close()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(asyncio.wait_for(main(), 60))


def test_only_living_members_are_added_again(env):
    prove(NAME, code, good="True True\n{} {} {}", bad="False False", env=dict(env, LIMIT="6"))


def test_a_consumer_that_failed_is_in_no_group(env):
    prove(NAME, failed, good="True True", bad="False False", env=dict(env, LIMIT="6"))


def test_a_failover_that_lost_the_last_member(env, more_redis):
    env = dict(env, OTHER=str(more_redis().port))
    prove(NAME, missed, good="received", bad="missed", env=env)
