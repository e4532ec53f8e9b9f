"""The pub/sub layer and a Redis that refuses it, or says nothing any more; a real one each."""

import asyncio
import contextlib

import pytest
from aioredis.errors import MaxClientsError, ReplyError
from channels_redis.core import RedisChannelLayer

from compat.channel_layer import connections, host, subscription
from compat.channel_layer.pubsub import RedisPubSubChannelLayer
from tests.support.redis import RedisError

GROUP = "news"
MESSAGE = {"type": "news"}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Patience that suits a test."""
    monkeypatch.setattr(subscription, "PING_SECONDS", 0.1)
    monkeypatch.setattr(host, "WAIT_SECONDS", 1)
    for module in (subscription, connections):
        monkeypatch.setattr(module, "ANSWER_SECONDS", 0.5)


async def member(layer):
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)
    return channel


async def reached(layer, channel, send):
    """It gets what send() sends, from the time on when that is possible; None for a loss."""
    while True:
        with contextlib.suppress(OSError, EOFError, ReplyError, MaxClientsError):
            done = send(GROUP, MESSAGE)
            if done is not None:
                await done
        with contextlib.suppress(asyncio.TimeoutError):
            while await asyncio.wait_for(layer.receive(channel), 0.3) != MESSAGE:
                pass
            return


@pytest.fixture
def with_users(more_redis):
    server = more_redis()
    try:
        server.say("ACL", "SETUSER", "site", "on", ">p@w", "~asgi:*", "+@all", "resetchannels")
    except RedisError as error:
        pytest.skip("this Redis knows no users, or no rights to channels: %s" % error)
    return server


def test_a_user_needs_the_right_to_the_channels(with_users, run, caplog):
    server = with_users
    layer = RedisPubSubChannelLayer(hosts=["redis://site:p%%40w@127.0.0.1:%d/0" % server.port])

    async def main():
        with pytest.raises(ReplyError, match="NOPERM|channel"):
            await member(layer)
        for send in (layer.group_send_now, layer.group_send):
            with pytest.raises(ReplyError, match="NOPERM|channel"):
                await send(GROUP, MESSAGE)
        server.say("ACL", "SETUSER", "site", "&asgi:*")
        channel = await member(layer)
        for send in (layer.group_send_now, layer.group_send):
            await reached(layer, channel, send)
        await layer.close_pools()

    run(main())
    (line,) = [r.getMessage() for r in caplog.records if "Redis refuses us" in r.getMessage()]
    assert "channel" in line


def test_too_many_clients_are_no_end(redis, run):
    """Nobody besieges Redis meanwhile, and all is well when there is room again."""
    layer = RedisPubSubChannelLayer(hosts=[redis.url], lost_type="lost")
    control = RedisChannelLayer(hosts=[redis.url])

    async def main():
        channel = await member(layer)
        layer.group_send_now(GROUP, MESSAGE)
        assert await layer.receive(channel) == MESSAGE
        async with control.connection(0) as connection:

            async def rejected():
                said = await connection.execute("info", "stats")
                return int(said.split(b"rejected_connections:")[1].split()[0])

            await connection.execute("config", "set", "maxclients", "1")
            for kind in ("pubsub", "normal"):
                await connection.execute("client", "kill", "type", kind, "skipme", "yes")
            for _ in range(3):
                for send in (layer.group_send, run_now(layer)):
                    with pytest.raises((OSError, EOFError, ReplyError, MaxClientsError)):
                        await send(GROUP, MESSAGE)
            began, before = asyncio.get_event_loop().time(), await rejected()
            while await rejected() < before + 8:
                await asyncio.sleep(0.05)
            # Each of the two that come back by themselves pauses for longer and longer.
            assert asyncio.get_event_loop().time() - began > 0.3
            await connection.execute("config", "set", "maxclients", "1000")
        assert (await layer.receive(channel))["type"] == "lost"
        for send in (layer.group_send, run_now(layer)):
            await reached(layer, channel, send)
        await control.close_pools()
        await layer.close_pools()

    run(main())


def run_now(layer):
    async def send(group, message):
        layer.group_send_now(group, message)

    return send


def test_a_server_that_has_become_a_replica_is_left(more_redis, run):
    """As a failover leaves it: it still answers, and is the wrong one to ask."""
    first, second = more_redis(), more_redis()
    layer = RedisPubSubChannelLayer(hosts=[first.url], lost_type="lost")

    async def main():
        channel = await member(layer)
        await reached(layer, channel, layer.group_send)
        before = layer._owner(channel).host(0).subscription.conn
        first.say("REPLICAOF", "127.0.0.1", second.port)
        layer._owner(channel).host(0).mark_at = 0.0  # the marks are due, and cannot be written
        while not before.closed:
            await asyncio.sleep(0.01)
        first.say("REPLICAOF", "NO", "ONE")
        while (await layer.receive(channel))["type"] != "lost":
            pass
        for send in (layer.group_send_now, layer.group_send):
            await reached(layer, channel, send)
        await layer.close_pools()

    run(main())


class Relay:
    """In front of Redis; hushed, it passes nothing on and keeps its connections open."""

    def __init__(self, port):
        self.port, self.hushed, self.connections, self.tasks = port, set(), [], []

    async def start(self):
        self.server = await asyncio.start_server(self.connected, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()

    async def connected(self, reader, writer):
        number = len(self.connections)
        there, to = await asyncio.open_connection("127.0.0.1", self.port)
        self.connections += [writer, to]
        for pair in ((reader, to), (there, writer)):
            self.tasks.append(asyncio.ensure_future(self.pass_on(number, *pair)))

    async def pass_on(self, number, reader, writer):
        with contextlib.suppress(OSError):
            while True:
                data = await reader.read(65536)
                if not data:
                    break
                if number not in self.hushed:
                    writer.write(data)
            writer.close()

    def hush(self):
        self.hushed.update(range(len(self.connections)))

    async def stop(self):
        self.server.close()
        for writer in self.connections:
            writer.close()
        await asyncio.wait(self.tasks)
        await self.server.wait_closed()


def test_a_connection_that_falls_silent_is_given_up(redis, run):
    """A firewall that forgets connections tells nobody."""

    async def main():
        relay = Relay(redis.port)
        address = await relay.start()
        layer = RedisPubSubChannelLayer(hosts=[address], lost_type="lost")
        channel = await member(layer)
        await layer.group_send(GROUP, MESSAGE)
        assert await layer.receive(channel) == MESSAGE
        relay.hush()
        with pytest.raises(asyncio.TimeoutError):
            await layer.group_send(GROUP, MESSAGE)
        assert (await asyncio.wait_for(layer.receive(channel), 20))["type"] == "lost"
        await reached(layer, channel, layer.group_send)
        old = RedisChannelLayer(hosts=[redis.url])

        async def send(group, message):
            await old.send(channel, message)

        await reached(layer, channel, send)
        await old.close_pools()
        await layer.close_pools()
        await relay.stop()

    run(main())
