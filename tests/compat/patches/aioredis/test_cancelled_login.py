"""A server that takes connections and says nothing, as a Redis that hangs."""

import sys

from tests.support.probe import prove, source


@source
def code():
    import asyncio

    import aioredis

    async def main():
        ended = []
        all_ended = asyncio.Event()

        async def connected(reader, writer):
            while await reader.read(100):
                asked.set()
            writer.close()
            ended.append(writer)
            all_ended.set()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        address, asked = server.sockets[0].getsockname(), asyncio.Event()
        login = asyncio.ensure_future(aioredis.create_redis(address, db=1))
        await asyncio.wait_for(asked.wait(), 20)
        login.cancel()
        try:
            await login
        except asyncio.CancelledError:
            pass
        await asyncio.wait([asyncio.ensure_future(all_ended.wait())], timeout=2)
        print("closed" if ended else "left open")

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


def test_a_login_that_is_cancelled_leaves_nothing(redis):
    needed = sys.version_info >= (3, 8)
    prove("aioredis.cancelled_login", code, good="closed", bad="left open", needed=needed)


def test_the_kind_of_the_connection_is_as_asked_for(redis):
    import asyncio

    from aioredis import connection

    async def main():
        class Other(connection.RedisConnection):
            pass

        found = []
        for kind in (None, Other):
            conn = await connection.create_connection(redis.url, connection_cls=kind)
            found.append(type(conn) is (kind or connection.RedisConnection))
            conn.close()
            await conn.wait_closed()
        return found

    loop = asyncio.new_event_loop()
    try:
        assert loop.run_until_complete(main()) == [True, True]
    finally:
        loop.close()
