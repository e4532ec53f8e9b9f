"""500 consumers of a process leave their groups at once; a real Redis tells its connections."""

from tests.support.probe import prove, source

NAME = "channels_redis.surplus_connections"


@source
def begin():
    import asyncio
    import os

    from channels_redis.core import RedisChannelLayer

    from compat.patches.channels_redis import surplus_connections

    surplus_connections.REST_SECONDS = 0.3
    host = ("127.0.0.1", int(os.environ["PORT"]))
    layer = RedisChannelLayer(hosts=[host])

    async def connections():
        async with layer.connection(0) as connection:
            return (await connection.execute("CLIENT", "LIST")).count(b" addr=")

    def run(main):
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(asyncio.wait_for(main(), 60))


@source(begin)
def burst(asyncio, connections, layer, run):
    async def main():
        await asyncio.gather(*[layer.group_discard("all", "one!%d" % n) for n in range(500)])
        most = await connections()
        print("few" if most < 250 else "many", end=" ")
        for _ in range(120):  # a busy machine takes its time
            left = await connections()
            if left <= 9:
                break
            await asyncio.sleep(0.1)
        print("fewer" if left <= 9 else "all stay")
        await layer.close_pools()

    run(main)


def test_a_burst_opens_few_and_they_do_not_stay(env):
    prove(NAME, burst, good="few fewer", bad="many all stay", env=env)


@source(begin)
def waits(asyncio, connections, layer, run):
    async def main():
        # Each holds a connection while it waits, for long: more than may be opened at once.
        waiting = [asyncio.ensure_future(layer.receive("idle-%d" % n)) for n in range(60)]
        while await connections() < 60:
            await asyncio.sleep(0.05)
        # Some of those that wait for a connection give up.
        tasks = [asyncio.ensure_future(layer.group_add("g", "c!%d" % n)) for n in range(200)]
        await asyncio.sleep(0)
        for task in tasks[::3]:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        ended = [one for one in done if one is None]
        print(len(ended), len(done) - len(ended))
        for n in range(60):
            await layer.send("idle-%d" % n, {"type": "n", "n": n})
        print([(await one)["n"] for one in waiting] == list(range(60)))
        await layer.close_pools()

    run(main)


def test_whoever_must_wait_for_one_gets_one(env):
    prove(NAME, waits, good="133 67\nTrue", bad="133 67\nTrue", env=env)


# A Redis that takes connections and answers nothing: nobody waits for others' turns.
@source(begin)
def hangs(asyncio, run, RedisChannelLayer):
    from compat.patches.channels_redis import silent_connection

    async def main():
        silent_connection.ANSWER_SECONDS = 0.5
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        layer = RedisChannelLayer(hosts=["redis://:secret@%s:%d/0" % (host, port)])
        began = asyncio.get_event_loop().time()
        done = await asyncio.gather(
            *[layer.group_discard("g", "c!%d" % n) for n in range(100)], return_exceptions=True
        )
        seconds = asyncio.get_event_loop().time() - began
        print(all(isinstance(one, Exception) for one in done), seconds < 3)

    run(main)


def test_where_connecting_hangs_it_takes_no_longer(env):
    prove(NAME, hangs, good="True True", bad="True True", env=env)
