import sys

from tests.support.probe import prove, source

STRICT = {"PYTHONWARNINGS": "error::DeprecationWarning"}


@source
def code():
    import asyncio
    import threading

    from asgiref.sync import async_to_sync, sync_to_async

    async def answer(value):
        await asyncio.sleep(0)
        return value

    print(
        async_to_sync(answer)(1), async_to_sync(answer).main_event_loop is asyncio.get_event_loop()
    )

    def in_thread():
        print(async_to_sync(answer)(2), async_to_sync(answer).main_event_loop)

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()

    async def main():
        return await sync_to_async(lambda: async_to_sync(answer)(3))()

    loop = asyncio.get_event_loop()
    print(loop.run_until_complete(main()), loop is async_to_sync(answer).main_event_loop)
    mine = asyncio.new_event_loop()
    asyncio.set_event_loop(mine)
    print(async_to_sync(answer).main_event_loop is mine)


def test_a_loop_is_found_or_made_without_a_warning():
    prove(
        "asgiref.current_loop",
        code,
        good="1 True\n2 None\n3 True\nTrue",
        bad="There is no current event loop",
        needed=sys.version_info >= (3, 12),
        env=STRICT,
    )
