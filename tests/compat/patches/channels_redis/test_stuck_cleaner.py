"""Redis is flushed at the moment when a message has been received."""

from tests.support.probe import prove, source


@source
def code():
    import asyncio
    import os
    import socket

    from channels_redis.core import RedisChannelLayer

    address = "127.0.0.1", int(os.environ["PORT"])
    layer = RedisChannelLayer(hosts=[address])

    def flush():
        with socket.create_connection(address) as administrator:
            administrator.sendall(b"FLUSHALL\r\n")
            assert administrator.recv(100) == b"+OK\r\n"

    async def main():
        for name in ["general", await layer.new_channel()]:
            await layer.send(name, {"type": "first"})
            await asyncio.wait_for(received_before_a_flush(name), 9)
            await layer.send(name, {"type": "second"})
            try:
                print((await asyncio.wait_for(layer.receive(name), 2))["type"])
            except asyncio.TimeoutError:
                print("stuck")

    async def received_before_a_flush(name):
        await layer.receive(name)
        flush()  # before the event loop turns again

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


def test_the_channel_goes_on(env):
    name = "channels_redis.stuck_cleaner"
    prove(name, code, good="second\nsecond", bad="stuck\nstuck", env=env)
