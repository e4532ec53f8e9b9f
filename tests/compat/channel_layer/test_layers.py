"""Sending to groups of a real Redis from code that is no consumer."""

from tests.support.probe import probe, source


@source
def code():
    import asyncio
    import os
    import time

    import django
    from django.conf import settings

    hosts = [("127.0.0.1", int(os.environ["PORT"]))]
    settings.configure(
        CHANNEL_LAYERS={
            "default": {
                "BACKEND": "channels_redis.core.RedisChannelLayer",
                "CONFIG": {"hosts": hosts},
            }
        }
    )
    django.setup()
    from channels.layers import get_channel_layer

    from compat.channel_layer import layers

    async def main():
        layer = get_channel_layer()
        name = await layer.new_channel()
        await layer.group_add("news", name)
        async with layer.connection(0) as connection:
            await connection.zadd(layer._group_key("news"), time.time() - 20 * 3600, name)
        for renew in (False, True):
            sender = layers.network_layer(members_renew=renew)
            layers.group_send(sender, "news", {"type": "news"}, 5)
            try:
                print((await asyncio.wait_for(layer.receive(name), 5))["type"])
            except asyncio.TimeoutError:
                print("forgotten")
        await layer.close_pools()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


def test_a_consumer_of_20_hours_gets_what_is_sent_to_its_group(redis):
    said = probe(code, env={"PORT": str(redis.port)})
    assert said.said == "news\nforgotten", said.error
