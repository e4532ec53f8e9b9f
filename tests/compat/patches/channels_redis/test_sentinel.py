"""A Redis behind sentinels: found, lost, replaced."""

import json

import pytest

from tests.support.probe import probe, prove, source
from tests.support.sentinels import FAKE, start_sentinels

NAME = "channels_redis.sentinel"


@source
def main(asyncio, main):
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(asyncio.wait_for(main(), 200))


# The first sentinel is not there, and the second not a sentinel.
FOUND = (
    """
import asyncio, json, os
from channels_redis.core import RedisChannelLayer

ports = [1, int(os.environ["PRIMARY"])] + json.loads(os.environ["PORTS"])
host = {"sentinels": [("127.0.0.1", port) for port in ports], "master_name": "mymaster", "db": 3}

async def main():
    layer = RedisChannelLayer(hosts=[host])
    name = await layer.new_channel()
    await layer.group_add("news", name)
    await layer.group_send("news", {"type": "hello"})
    print((await layer.receive(name))["type"])
    async with layer.connection(0) as connection:
        print(connection.address[1] == int(os.environ["PRIMARY"]), connection.db)
    await layer.wait_received()
    await layer.close_pools()
"""
    + main
)
# SIGNAL goes to the primary while one waits for messages and another sends.
FAILOVER = (
    """
import asyncio, json, os, signal, subprocess, sys, time
import aioredis
from channels_redis.core import RedisChannelLayer
from compat.patches.channels_redis import silent_connection
from compat._redis_outage import is_outage

ports, old, new = [json.loads(os.environ[name]) for name in ("PORTS", "PRIMARY", "REPLICA")]
host = {"sentinels": [("127.0.0.1", port) for port in ports], "master_name": "mymaster"}
layer, sender = RedisChannelLayer(hosts=[host]), RedisChannelLayer(hosts=[host])
silent_connection.ANSWER_SECONDS = 1
layer.brpop_timeout = 1

async def until_received(received, what):
    begun, sent = time.monotonic(), 0
    while what not in received:
        try:
            await sender.group_send("news", {"type": what})
            sent += 1
        except Exception as error:
            if not is_outage(error):
                raise
        await asyncio.sleep(0.05)
    return time.monotonic() - begun

async def listen(received):
    name = await layer.new_channel()
    await layer.group_add("news", name)
    while True:
        received.append((await layer.receive(name))["type"])

# (role, how many clients that are neither Redis, nor a sentinel, nor we), or None: no answer.
async def look(port):
    try:
        redis = await aioredis.create_redis(("127.0.0.1", port))
    except (OSError, aioredis.RedisError):
        return None
    try:
        role = (await redis.execute("role"))[0].decode()
        clients = [c for c in await redis.client_list() if c.flags not in ("S", "M")]
        ours = [c for c in clients if not c.name.startswith("sentinel-") and c.cmd[:6] != "client"]
        return role, len(ours)
    except (OSError, aioredis.RedisError):  # Sentinel closes all when it makes it a replica
        return None
    finally:
        redis.close()

async def main():
    received = []
    listener = asyncio.ensure_future(listen(received))
    await asyncio.wait_for(until_received(received, "before"), 60)
    # Several connections rest in the pool.
    await asyncio.gather(*[sender.group_send("news", {"type": "many"}) for _ in range(5)])
    killed = int(os.environ["PID"])
    os.kill(killed, int(os.environ["SIGNAL"]))
    # Sentinels that get no processor take their time to agree.
    took = await asyncio.wait_for(until_received(received, "after"), 100)
    print("failover took %.1f s" % took, file=sys.stderr)
    back = None
    if int(os.environ["SIGNAL"]) == signal.SIGSTOP:
        os.kill(killed, signal.SIGCONT)
    else:
        back = subprocess.Popen(json.loads(os.environ["COMMAND"]), stdout=subprocess.DEVNULL)
    try:
        while await look(old) != ("slave", 0):
            await asyncio.sleep(0.05)
        await asyncio.wait_for(until_received(received, "at last"), 60)
        print(await look(old), (await look(new))[0])
    finally:
        if back:
            back.kill()
            back.wait()
    print("listens:", not listener.done())
    listener.cancel()
    await asyncio.wait([listener])
    await layer.wait_received()
    for one in layer, sender:
        await one.close_pools()
"""
    + main
)
# Without Sentinel to cut connections: the primary is made a replica by hand.
DEMOTED = (
    FAKE
    + """
import aioredis
from channels_redis.core import RedisChannelLayer

old, new = [("127.0.0.1", int(os.environ[name])) for name in ("PORT", "OTHER")]

async def main():
    master[0] = old
    host = {"sentinels": [await fake_sentinel()], "master_name": "mymaster"}
    layer, sender, idle = [RedisChannelLayer(hosts=[host]) for _ in range(3)]
    waiting = asyncio.ensure_future(layer.receive("jobs"))
    await idle.group_add("news", "idle")
    await asyncio.gather(*[sender.group_add("news", "member%d" % n) for n in range(5)])
    admin = await aioredis.create_redis(old)
    while b"cmd=brpop" not in await admin.execute("client", "list"):
        await asyncio.sleep(0.01)
    await admin.slaveof(*new)
    master[0] = new
    for number in range(5):
        try:
            await sender.group_add("news", "member5")
            print("sent")
        except Exception as error:
            print(type(error).__name__)
    await sender.send("jobs", {"type": "news"})
    print(await waiting)
    await sender.send("mails", {"type": "mail"})
    print(await idle.receive("mails"))
    for one in layer, sender, idle:
        await one.wait_received()
        await one.close_pools()
    await admin.slaveof(None)
    admin.close()
"""
    + main
)
# What is said when there is no master, and that it is said soon.
NOBODY = (
    FAKE
    + """
import time
from channels_redis.core import RedisChannelLayer
from compat._redis_outage import is_outage

redis = ("127.0.0.1", int(os.environ["PORT"]))

async def main():
    import aioredis
    sentinels = [("127.0.0.1", 1), await fake_sentinel()]
    layer = RedisChannelLayer(hosts=[{"sentinels": sentinels, "master_name": "mymaster"}])
    admin = await aioredis.create_redis(redis)
    await admin.slaveof("127.0.0.1", 1)
    # It listens and never answers.
    kept = []  # Python 3.13 closes streams that nobody keeps
    silent = await asyncio.start_server(lambda *streams: kept.append(streams), "127.0.0.1", 0)
    for answer in (None, "silence", redis, silent.sockets[0].getsockname()[:2]):
        master[0] = answer
        begun = time.monotonic()
        try:
            await layer.send("jobs", {"type": "news"})
        except ConnectionError as error:
            said = str(error).replace(str(redis[1]), "REDIS").replace(str(sentinels[1][1]), "FAKE")
            print(said.split("; ")[1].replace(str(silent.sockets[0].getsockname()[1]), "SILENT"))
            soon = time.monotonic() - begun < 5
            print("mymaster" in said, "127.0.0.1:1 " in said, is_outage(error), soon)
    await admin.slaveof(None)
    admin.close()
    while open_ones:
        await asyncio.sleep(0.01)
    await layer.close_pools()
"""
    + main
)
# Cancelled at any moment, connecting leaves nothing open.
CANCELLED = (
    FAKE
    + """
from channels_redis.core import RedisChannelLayer

async def clients(admin):
    return len(await admin.client_list())

async def main():
    import aioredis
    redis = ("127.0.0.1", int(os.environ["PORT"]))
    master[0] = redis
    host = {"sentinels": [await fake_sentinel()], "master_name": "mymaster", "db": 1,
            "sentinel_kwargs": {"password": "asked"}}
    layer = RedisChannelLayer(hosts=[host])
    admin = await aioredis.create_redis(redis)
    finished = steps = 0
    while not finished:
        task = asyncio.ensure_future(layer.pools[0].pop())
        for _ in range(steps):
            await asyncio.sleep(0)
        if task.done():
            finished = 1
            layer.pools[0].conn_error(task.result())
        task.cancel()
        await asyncio.wait([task])
        if not finished and not task.cancelled():
            layer.pools[0].conn_error(task.result())  # it was quicker
        # Waiting a little now and then: what is answered depends on time, too.
        steps += 1
        await asyncio.sleep(0.001 * (steps % 3))
    for master[0] in (redis, "silence"):
        for pause in range(20):
            task = asyncio.ensure_future(layer.pools[0].pop())
            await asyncio.sleep(0.0003 * pause)
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                layer.pools[0].conn_error(task.result())
    while open_ones or await clients(admin) > 1:
        await asyncio.sleep(0.01)
    print("nothing open", steps > 5, len(layer.pools[0].in_use))
    admin.close()
    await layer.close_pools()
"""
    + main
)


@source
def wrong():
    from channels_redis.core import RedisChannelLayer

    for host in (
        {"sentinels": [("a", 1)]},
        {"sentinels": [("a", 1)], "master_name": ""},
        {"sentinels": [], "master_name": "m"},
        {"sentinels": ("a", 1), "master_name": "m"},
        {"sentinels": "a:1", "master_name": "m"},
        {"master_name": "m"},
        {"sentinels": [("a", 1)], "master_name": "m", "address": "redis://b"},
    ):
        try:
            RedisChannelLayer(hosts=[host])
        except ValueError as error:
            print(error)
    RedisChannelLayer(hosts=[{"sentinels": [["a", 1]], "master_name": "m"}])


NEEDS_PAIRS = '"sentinels" of a Redis host must be a list of (host, port)'
NEEDS_NAME = 'A Redis host with "sentinels" needs "master_name", as they know it'


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    servers = start_sentinels(tmp_path_factory.mktemp("sentinels"), count=1)
    yield servers
    servers.stop()


@pytest.fixture
def servers(tmp_path):
    servers = start_sentinels(tmp_path)
    yield servers
    servers.stop()


def environ(servers, **more):
    return dict(
        PORTS=json.dumps(servers.ports),
        PRIMARY=str(servers.primary.port),
        REPLICA=str(servers.replica.port),
        PID=str(servers.primary.process.pid),
        COMMAND=json.dumps(servers.primary.command),
        **more,
    )


def test_the_master_is_found(found):
    bad = "create_redis() "  # takes an address
    prove(NAME, FOUND, good="hello\nTrue 3", bad=bad, env=environ(found))


@pytest.mark.parametrize("signum", ["9", "19"], ids=["killed", "hung"])
def test_a_failover_heals_without_a_restart(servers, signum):
    servers.wait_for_calm()
    result = probe(FAILOVER, env=environ(servers, SIGNAL=signum))
    assert result.said == "('slave', 0) master\nlistens: True", result.error


@pytest.fixture
def two(env, more_redis):
    return dict(env, OTHER=str(more_redis().port))


def test_a_replica_is_left_at_its_first_refusal(two):
    result = probe(DEMOTED, env=two)

    refused = "ReadOnlyError\nsent\nsent\nsent\nsent"

    received = "\n{'type': 'news'}\n{'type': 'mail'}"

    assert result.said == refused + received, result.error


def test_no_master_is_an_outage_that_says_why(env):
    result = probe(NOBODY, env=env)
    assert result.said.splitlines()[::2] == [
        "127.0.0.1:FAKE does not know it",
        "127.0.0.1:FAKE did not answer in 1 s",
        "127.0.0.1:FAKE names 127.0.0.1:REDIS, which is a slave",
        "127.0.0.1:FAKE names 127.0.0.1:SILENT, did not answer in 2 s",
    ], result.error
    assert set(result.said.splitlines()[1::2]) == {"True True True True"}


def test_cancelled_connecting_leaves_nothing_open(env):
    result = probe(CANCELLED, env=env)
    assert result.said == "nothing open True 0", result.error
    assert "never retrieved" not in result.error and "destroyed" not in result.error


def test_a_host_that_says_too_little_is_refused():
    result = probe(wrong)
    assert result.said.splitlines() == [NEEDS_NAME] * 2 + [NEEDS_PAIRS] * 4 + [
        'A Redis host has either "sentinels" or an "address"'
    ], result.error
