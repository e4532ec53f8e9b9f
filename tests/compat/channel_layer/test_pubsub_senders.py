"""Who sends by the pub/sub layer: threads, forks, several event loops, and servers of each kind."""

import asyncio
import os
import signal
import ssl
import threading
import time

import pytest
from asgiref.sync import async_to_sync
from channels_redis.core import RedisChannelLayer

from compat.channel_layer import blocking, layers
from compat.channel_layer.pubsub import RedisPubSubChannelLayer
from tests.support.probe import prove, source
from tests.support.sentinels import NAME as MASTER
from tests.support.sentinels import start_sentinels
from tests.support.servers import HOST, free_port

GROUP = "news"


def opened(server):
    return int(server.say("INFO", "stats").split(b"total_connections_received:")[1].split()[0])


async def joined(layer, group=GROUP):
    channel = await layer.new_channel()
    await layer.group_add(group, channel)
    return channel


def threads(number, work):
    """Call work() in that many threads at once; raises what one raises."""
    errors = []

    def keep():
        try:
            work()
        except BaseException as error:
            errors.append(error)

    found = [threading.Thread(target=keep) for _ in range(number)]
    for one in found:
        one.start()
    for one in found:
        one.join()
    if errors:
        raise errors[0]


@source
def sending():
    import os

    from asgiref.sync import async_to_sync

    from compat.channel_layer.pubsub import RedisPubSubChannelLayer
    from tests.support.redis import say

    port = int(os.environ["PORT"])
    layer = RedisPubSubChannelLayer(hosts=[("127.0.0.1", port)])

    def opened():
        return int(say(port, "INFO", "stats").split(b"total_connections_received:")[1].split()[0])

    before = opened()
    for _ in range(20):
        async_to_sync(layer.group_send)("nobody", {"type": "news"})
        async_to_sync(layer.group_send_many)([("nobody", {"type": "news"})])
        async_to_sync(layer.send)("specific.nobody!x", {"type": "news"})
    print("few" if opened() - before <= 2 else "many")


def test_async_to_sync_opens_no_connection_a_call(redis):
    # Without the repair the loop of each call is taken for one that stays.
    env = {"PORT": str(redis.port)}
    prove("asgiref.call_loops", sending, good="few", bad="many", env=env)


def test_threads_share_few_connections_and_lose_nothing(redis, run):
    layer = RedisPubSubChannelLayer(hosts=[redis.url])

    def send():
        for _ in range(20):
            async_to_sync(layer.group_send)(GROUP, {"type": "news"})

    async def main():
        channel = await joined(layer)
        before = opened(redis)
        await asyncio.get_event_loop().run_in_executor(None, threads, 12, send)
        for _ in range(12 * 20):
            await layer.receive(channel)
        assert opened(redis) - before <= 12 + 2
        resting = layer._blocking.resting.values()
        assert sum(map(len, resting)) <= blocking.KEPT
        await layer.close_pools()

    run(main())


def test_a_fork_sends_by_itself_and_its_parent_goes_on(redis, run):
    layer = RedisPubSubChannelLayer(hosts=[redis.url])
    layer.group_send_now(GROUP, {"type": "nobody"})

    async def main():
        channel = await joined(layer)
        child = os.fork()
        if not child:
            try:
                for number in range(3):
                    layer.group_send_now(GROUP, {"type": "now", "number": number})
                done = threading.Thread(target=in_thread)
                done.start()
                done.join()
                os._exit(0)
            finally:
                os._exit(1)
        got = [await layer.receive(channel) for _ in range(4)]
        assert os.waitpid(child, 0)[1] == 0
        await layer.group_send(GROUP, {"type": "parent"})
        layer.group_send_now(GROUP, {"type": "parent, now"})
        got += [await layer.receive(channel) for _ in range(2)]
        await layer.close_pools()
        return [message["type"] for message in got]

    def in_thread():
        # A loop of the child's own, with members of its own.
        async def both():
            channel = await joined(layer, "child")
            await layer.group_send("child", {"type": "child"})
            message = await layer.receive(channel)
            await layer.group_send(GROUP, message)
            await layer.close_pools()

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(asyncio.wait_for(both(), 20))
        loop.close()

    assert run(main()) == ["now", "now", "now", "child", "parent", "parent, now"]


def test_event_loops_of_several_threads_have_members_each(redis, run):
    layer = RedisPubSubChannelLayer(hosts=[redis.url])
    ready, names = threading.Barrier(4, timeout=20), []

    def listen():
        async def main():
            names.append(await joined(layer))
            ready.wait()
            assert (await layer.receive(names_here(names)))["type"] == "news"
            # Its connections end with the loop.

        def names_here(found):
            owner = layer._fan_outs[asyncio.get_event_loop()]
            return next(name for name in found if owner.is_ours(name))

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(asyncio.wait_for(main(), 20))
        loop.close()

    async def main():
        channel = await joined(layer)
        loop = asyncio.get_event_loop()
        listening = loop.run_in_executor(None, threads, 3, listen)
        await loop.run_in_executor(None, ready.wait)
        # From here, the channel of another loop, which is busy with nothing else.
        await layer.group_send(GROUP, {"type": "news"})
        assert (await layer.receive(channel))["type"] == "news"
        await listening
        with pytest.raises((RuntimeError, AssertionError)):
            await layer.receive(names[0])
        await layer.close_pools()

    run(main())


def test_what_async_to_sync_sets_up_outlives_the_call(redis):
    """As with channels_redis: Redis keeps it, since the event loop of the call is gone."""
    layer = RedisPubSubChannelLayer(hosts=[redis.url])
    channel = async_to_sync(layer.new_channel)()
    async_to_sync(layer.group_add)(GROUP, channel)
    async_to_sync(layer.group_send)(GROUP, {"type": "one"})
    assert async_to_sync(layer.receive)(channel) == {"type": "one"}
    async_to_sync(layer.group_discard)(GROUP, channel)
    async_to_sync(layer.group_send)(GROUP, {"type": "two"})
    group, list_of_it = "asgi::group:" + GROUP, "asgi:" + layer.non_local_name(channel)
    assert redis.say("EXISTS", group, list_of_it) == 0
    layer._blocking.close()


def test_a_thread_may_add_a_channel_of_a_running_loop(redis, run):
    layer = RedisPubSubChannelLayer(hosts=[redis.url])

    async def main():
        channel = await layer.new_channel()
        loop = asyncio.get_event_loop()
        await loop.run_in_executor(None, async_to_sync(layer.group_add), GROUP, channel)
        await layer.group_send(GROUP, {"type": "news"})
        assert await layer.receive(channel) == {"type": "news"}
        await loop.run_in_executor(None, async_to_sync(layer.group_discard), GROUP, channel)
        assert redis.say("PUBSUB", "NUMSUB", "asgi:@0:group:" + GROUP)[1] == 0
        await layer.close_pools()

    run(main())


def test_layers_group_send_needs_no_loop_and_no_thread(redis, run, monkeypatch):
    layer = RedisPubSubChannelLayer(hosts=[redis.url])
    monkeypatch.setattr("channels.layers.get_channel_layer", lambda alias: layer)
    assert layers.network_layer() is layers.network_layer(members_renew=True) is layer
    lists = layers.own_layer()
    assert type(lists) is RedisChannelLayer and lists.hosts == layer.hosts

    async def main():
        channel = await joined(layer)
        layers.group_send(layer, GROUP, {"type": "inside a loop"}, 5)
        assert (await layer.receive(channel))["type"] == "inside a loop"
        await layer.close_pools()

    run(main())
    redis.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(layers.TookTooLong):
            layers.group_send(layer, GROUP, {"type": "late"}, 0.2)
    finally:
        redis.process.send_signal(signal.SIGCONT)
    layer._blocking.close()


def test_of_many_nothing_is_sent_when_one_is_wrong(redis, run):
    layer = RedisPubSubChannelLayer(hosts=[redis.url])

    async def main():
        channel = await joined(layer)
        for wrong in ((GROUP, "text"), ("no name", {"type": "x"}), (GROUP,)):
            with pytest.raises((AssertionError, TypeError, ValueError)):
                layer.group_send_many_now([(GROUP, {"type": "first"}), wrong])
        await layer.group_send_many([(GROUP, {"type": "only"})])
        assert await layer.receive(channel) == {"type": "only"}
        await layer.close_pools()

    run(main())


# Servers of each kind


async def round_trip(*hosts, **config):
    """A message by group_send() and one by group_send_now()."""
    layer = RedisPubSubChannelLayer(hosts=list(hosts), **config)
    channel = await joined(layer)
    await layer.group_send(GROUP, {"type": "one"})
    layer.group_send_now(GROUP, {"type": "two"})
    got = [(await layer.receive(channel))["type"] for _ in range(2)]
    await layer.close_pools()
    return got


def test_a_password_a_database_and_a_unix_socket(more_redis, run, tmp_path):
    path = str(tmp_path / "redis.sock")
    server = more_redis("--requirepass", "p@ss", "--unixsocket", path)
    port = server.port
    for host in (
        "redis://:p%%40ss@127.0.0.1:%d/3" % port,
        {"address": ("127.0.0.1", port), "password": "p@ss", "db": 3},
        {"address": path, "password": "p@ss"},
        "unix://%s?password=p%%40ss&db=3" % path,
    ):
        assert run(asyncio.ensure_future(round_trip(host), loop=asyncio.get_event_loop())) == [
            "one",
            "two",
        ]


def test_databases_of_a_server_do_not_hear_each_other(redis, run):
    async def main():
        made = [RedisPubSubChannelLayer(hosts=[redis.url[:-1] + db]) for db in "01"]
        channels = [await joined(layer) for layer in made]
        for number, layer in enumerate(made):
            await layer.group_send(GROUP, {"type": "of %d" % number})
            await layer.group_send(GROUP, {"type": "end"})
        got = []
        for layer, channel in zip(made, channels):
            got.append([(await layer.receive(channel))["type"] for _ in range(2)])
            await layer.close_pools()
        return got

    assert run(main()) == [["of 0", "end"], ["of 1", "end"]]


def test_tls(more_redis, run, certificate):
    port = free_port()
    options = ("--tls-port", port, "--tls-cert-file", certificate[0], "--tls-auth-clients", "no")
    try:
        server = more_redis(*map(str, options + ("--tls-key-file", certificate[1])))
    except AssertionError:
        pytest.skip("this Redis was built without TLS")
    assert server.port
    context = ssl.create_default_context(cafile=certificate[0])
    assert run(round_trip({"address": ("localhost", port), "ssl": context})) == ["one", "two"]


def test_sentinels_name_the_server_also_after_a_failover(run, tmp_path):
    servers = start_sentinels(tmp_path)
    host = {"sentinels": [("127.0.0.1", port) for port in servers.ports], "master_name": MASTER}

    async def main():
        layer = RedisPubSubChannelLayer(hosts=[host], lost_type="lost")
        channel = await joined(layer)
        await layer.group_send(GROUP, {"type": "one"})
        layer.group_send_now(GROUP, {"type": "two"})
        got = [(await layer.receive(channel))["type"] for _ in range(2)]
        servers.wait_for_calm()
        servers.primary.stop(signal.SIGKILL)
        assert await layer.receive(channel) == {"type": "lost", "lost": None}
        await layer.group_send(GROUP, {"type": "three"})
        layer.group_send_now(GROUP, {"type": "four"})
        got += [(await layer.receive(channel))["type"] for _ in range(2)]
        await layer.close_pools()
        return got

    try:
        assert run(main()) == ["one", "two", "three", "four"]
    finally:
        servers.stop()


def test_who_is_not_there_is_named(tmp_path):
    port = free_port()
    with pytest.raises(OSError) as raised:
        blocking.connect({"address": "redis://:secret@%s:%d/1" % (HOST, port)}, later())
    assert str(raised.value).endswith(", Redis at %s:%d" % (HOST, port))
    path = str(tmp_path / "redis.sock")
    for address in (path, "unix://" + path):
        with pytest.raises(OSError) as raised:
            blocking.connect({"address": address}, later())
        assert str(raised.value).endswith(", Redis at " + path)


def later():
    return time.monotonic() + 20
