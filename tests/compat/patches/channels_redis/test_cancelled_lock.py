from tests.support.probe import prove, source


@source
def code():
    import asyncio
    import os

    from channels_redis.core import RedisChannelLayer

    layer = RedisChannelLayer(hosts=[("127.0.0.1", int(os.environ["PORT"]))])

    async def main():
        for number in range(5):
            name = "jobs%d" % number
            reading = asyncio.ensure_future(layer.receive(name))
            await asyncio.sleep(0)
            waiting = asyncio.ensure_future(layer.receive(name))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            await layer.send(name, {"type": "job"})
            await asyncio.wait_for(reading, 9)
            await layer.wait_received()
        print("locks:", len(layer.receive_clean_locks.locks))
        await layer.close_pools()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


def test_no_lock_is_left(env):
    prove("channels_redis.cancelled_lock", code, good="locks: 0", bad="locks: 5", env=env)
