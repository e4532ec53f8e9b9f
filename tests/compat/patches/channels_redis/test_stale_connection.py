"""Redis is restarted, or a firewall forgets a connection, between two sends."""

from tests.compat.patches.channels_redis.restart import RESTART
from tests.support.probe import prove, source

NAME = "channels_redis.stale_connection"


# Eight connections rest in the pool; the event loop may have seen their end or not yet.
@source(RESTART)
def restarted(os, restart):
    import asyncio

    from channels_redis.core import RedisChannelLayer

    layer = RedisChannelLayer(hosts=[("127.0.0.1", int(os.environ["PORT"]))])

    def send(number):
        return layer.send("general", {"type": "hello", "number": number})

    async def main():
        loop = asyncio.get_event_loop()
        for standing_still in (False, True):
            await asyncio.gather(*[send(number) for number in range(8)])
            if standing_still:
                restart()
            else:
                await loop.run_in_executor(None, restart)
                await asyncio.sleep(0.01)
            for number in range(8):
                try:
                    await send(number)
                except Exception as error:
                    print("failed:", type(error).__name__)
                    return
            print([(await layer.receive("general"))["number"] for _ in range(8)] == list(range(8)))
            await layer.wait_received()
        await layer.close_pools()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(asyncio.wait_for(main(), 40))


# A relay in front of Redis stops passing on what its first connection says, and keeps it open.
@source
def forgotten():
    import asyncio
    import os

    from channels_redis.core import RedisChannelLayer

    deaf = []

    async def pass_on(reader, writer, connection):
        while True:
            data = await reader.read(4096)
            if not data:
                return writer.close()
            if connection not in deaf:
                writer.write(data)

    async def main():
        from compat.patches.channels_redis import stale_connection

        stale_connection.REST_SECONDS, stale_connection.ANSWER_SECONDS = 0, 0.5
        connections = []

        async def relay(reader, writer):
            connection = object()
            connections.append(connection)
            redis = await asyncio.open_connection("127.0.0.1", int(os.environ["PORT"]))
            asyncio.ensure_future(pass_on(redis[0], writer, connection))
            await pass_on(reader, redis[1], connection)

        server = await asyncio.start_server(relay, "127.0.0.1", 0)
        layer = RedisChannelLayer(hosts=[server.sockets[0].getsockname()])
        await layer.send("general", {"type": "hello"})
        await layer.send("general", {"type": "hello"})
        deaf.extend(connections)
        try:
            await asyncio.wait_for(layer.send("general", {"type": "hello"}), 4)
            print("sent through connection", len(connections))
        except asyncio.TimeoutError:
            print("no answer")
        await layer.flush()
        await layer.close_pools()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


def test_every_send_after_a_restart_arrives_once(restarting):
    prove(NAME, restarted, good="True\nTrue", bad="failed: Connection", env=restarting)


def test_a_connection_that_is_dead_after_a_rest_is_not_used(env):
    prove(NAME, forgotten, good="sent through connection 2", bad="no answer", env=env)
