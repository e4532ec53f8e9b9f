import sys

from tests.support.probe import prove, source


@source
def code():
    import asyncio
    import os

    from channels_redis.core import RedisChannelLayer

    async def main():
        layer = RedisChannelLayer(hosts=[("127.0.0.1", int(os.environ["PORT"]))])
        for name in ["general", await layer.new_channel()]:
            try:
                await asyncio.wait_for(layer.receive(name), 0.2)
            except asyncio.TimeoutError:
                pass
            await layer.send(name, {"type": "hello"})
            try:
                print((await asyncio.wait_for(layer.receive(name), 1))["type"])
            except asyncio.TimeoutError:
                print("stalled")
        await layer.close_pools()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


def test_a_channel_receives_after_a_receive_was_cancelled(env):
    prove(
        "channels_redis.cancelled_pop",
        code,
        good="hello\nhello",
        bad="stalled\nstalled",
        needed=sys.version_info >= (3, 8),
        env=env,
    )
