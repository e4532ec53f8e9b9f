import sys

from tests.support.probe import prove, source


@source
def code():
    import asyncio
    import os

    from channels_redis.core import RedisChannelLayer

    async def main():
        layer = RedisChannelLayer(hosts=[("127.0.0.1", int(os.environ["PORT"]))])
        name = await layer.new_channel()
        await layer.send(name, {"type": "hello"})
        print((await asyncio.wait_for(layer.receive(name), 5))["type"])
        await layer.close_pools()

    asyncio.new_event_loop().run_until_complete(main())


def test_a_message_without_a_warning(env):
    warning = "The loop argument is deprecated"
    prove(
        "channels_redis.loop_argument",
        code,
        good="hello",
        bad=warning,
        needed=sys.version_info >= (3, 8),
        env=dict(env, PYTHONWARNINGS="error:%s:DeprecationWarning" % warning),
    )
