"""Redis is killed while WebSockets and workers wait for messages, and started again."""

import pytest

from tests.compat.patches.channels_redis.restart import RESTART
from tests.support.probe import applies, probe, prove, source

from .live_site import LiveSite

NAME = "channels_redis.lost_connection"


@source(RESTART)
def code(os, restart):
    import asyncio

    from channels_redis.core import RedisChannelLayer

    layer = RedisChannelLayer(hosts=[("127.0.0.1", int(os.environ["PORT"]))])

    async def main():
        names = ["jobs", await layer.new_channel(), await layer.new_channel()]
        tasks = [asyncio.ensure_future(layer.receive(name)) for name in names]
        left = asyncio.ensure_future(layer.receive(await layer.new_channel()))
        await asyncio.sleep(0.1)
        restarted = asyncio.get_event_loop().run_in_executor(None, restart)
        await asyncio.sleep(0.1)
        left.cancel()
        await restarted
        sender = RedisChannelLayer(hosts=layer.hosts)
        for name in names:
            await sender.send(name, {"type": "to " + name[:3]})
        print(sorted([(await asyncio.wait_for(task, 60))["type"] for task in tasks]))
        for used in (layer, sender):
            await used.close_pools()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


# A failover: whoever waits at a server that becomes a replica is told so, and then cut off.
@source
def demoted():
    import asyncio
    import os

    import aioredis
    from channels_redis.core import RedisChannelLayer

    address = ("127.0.0.1", int(os.environ["PORT"]))
    layer, sender = RedisChannelLayer(hosts=[address]), RedisChannelLayer(hosts=[address])

    async def main():
        task = asyncio.ensure_future(layer.receive("jobs"))
        admin = await aioredis.create_redis(address)
        while b"cmd=brpop" not in await admin.execute("client", "list"):
            await asyncio.sleep(0.01)
        await admin.slaveof("127.0.0.1", 1)
        await asyncio.wait([task], timeout=0.3)
        await admin.slaveof(None)
        admin.close()
        await sender.send("jobs", {"type": "news"})
        print(await asyncio.wait_for(task, 60))
        for used in (layer, sender):
            await used.close_pools()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


# Redis has no room, cannot save, or takes another password, until somebody sees to it.
@source
def refused():
    import asyncio
    import logging
    import os

    import aioredis
    from channels_redis.core import RedisChannelLayer

    address = ("127.0.0.1", int(os.environ["PORT"]))
    layer, sender = RedisChannelLayer(hosts=[address]), RedisChannelLayer(hosts=[address])
    layer.brpop_timeout = 1

    class Told(logging.Handler):
        def emit(self, record):
            if "Redis refuses us" in record.getMessage():
                print(self.expected in record.getMessage())
                self.event.set()

    async def change(admin, kind, refuse):
        if kind == "OOM":
            await admin.config_set("maxmemory", "1" if refuse else "0")
        elif kind == "MISCONF":
            await admin.config_set("save", "3600 1" if refuse else "")
            if refuse:  # and there is a folder in the file's place
                os.makedirs(os.environ["FOLDER"] + "/dump.rdb/in the way", exist_ok=True)
                await admin.execute("bgsave")
                while b"rdb_last_bgsave_status:err" not in await admin.execute(
                    "info", "persistence"
                ):
                    await asyncio.sleep(0.01)
        else:
            await admin.config_set("requirepass", "other" if refuse else "")
            if refuse:  # before Redis 6 who was there has to say it, too
                await admin.auth("other")
            await admin.execute("client", "kill", "type", "normal", "skipme", "yes")

    async def main():
        told, kind = Told(), os.environ["KIND"]
        told.expected, told.event = kind, asyncio.Event()
        logging.getLogger("compat").addHandler(told)
        admin = await aioredis.create_redis(address)
        task = asyncio.ensure_future(layer.receive("jobs"))
        while b"cmd=brpop" not in await admin.execute("client", "list"):
            await asyncio.sleep(0.01)
        await change(admin, kind, True)
        await asyncio.wait(
            [task, asyncio.ensure_future(told.event.wait())],
            timeout=30,
            return_when=asyncio.FIRST_COMPLETED,
        )
        await change(admin, kind, False)
        admin.close()
        await sender.send("jobs", {"type": "news"})
        print(await asyncio.wait_for(task, 60))
        for used in (layer, sender):
            await used.wait_received()
            await used.close_pools()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


# Errors that are no outage still reach the caller.
@source
def wrong():
    import asyncio
    import os

    from aioredis import ReplyError
    from channels_redis.core import RedisChannelLayer

    async def main():
        layer = RedisChannelLayer(hosts=[("127.0.0.1", int(os.environ["PORT"]))])
        async with layer.connection(0) as connection:
            await connection.set("asgi:odd", "no list")
        try:
            await asyncio.wait_for(layer.receive("odd"), 5)
        except ReplyError:
            print("refused")
        task = asyncio.ensure_future(layer.receive("quiet"))
        other = RedisChannelLayer(hosts=[("127.0.0.1", int(os.environ["PORT"]))])
        async with other.connection(0) as connection:
            while b"cmd=brpop" not in await connection.execute("client", "list"):
                await asyncio.sleep(0.01)
        await other.close_pools()
        await layer.close_pools()
        await asyncio.wait([task], timeout=9)
        print("raised" if task.done() and task.exception() else "waits")

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


def test_receivers_go_on_after_a_restart(restarting):
    good = "['to job', 'to spe', 'to spe']"
    prove(NAME, code, good=good, bad="ConnectionClosedError", env=restarting)


def test_receivers_go_on_after_a_failover(env):
    prove(NAME, demoted, good="{'type': 'news'}", bad="UNBLOCKED", env=env)


@pytest.mark.parametrize(
    "kind, bad", [("OOM", "OOM"), ("MISCONF", "MISCONF"), ("NOAUTH", "ConnectionClosedError")]
)
def test_receivers_go_on_when_redis_serves_again(redis, kind, bad):
    env = {"PORT": str(redis.port), "KIND": kind, "FOLDER": redis.folder}
    prove(NAME, refused, good="True\n{'type': 'news'}", bad=bad, env=env)


def test_what_is_no_outage_is_raised(env):
    assert probe(wrong, env=env).said == "refused\nraised"


def test_a_websocket_outlives_a_restart(redis, tmp_path):
    site = LiveSite(tmp_path, redis)
    with site.daphne() as address:
        socket, channel = site.connect(address)
        site.restart_redis()
        assert site.arrives(socket, channel, tries=20)
        assert "Redis is away" in (tmp_path / "daphne.log").read_text()


def test_without_the_patch_it_is_closed(redis, tmp_path):
    if not applies(NAME):
        pytest.skip("these versions do not have the defect")
    site = LiveSite(tmp_path, redis)
    with site.daphne(disable=NAME) as address:
        socket, channel = site.connect(address)
        site.restart_redis()
        socket.settimeout(10)
        assert socket.recv() == ""  # closed
