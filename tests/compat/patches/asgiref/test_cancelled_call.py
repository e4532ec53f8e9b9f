import sys

from tests.support.probe import prove, source


@source
def code():
    import asyncio
    import concurrent.futures
    import threading

    from asgiref.sync import AsyncToSync

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    tasks, caught = [], []

    async def forever():
        tasks.append(
            asyncio.current_task()
            if hasattr(asyncio, "current_task")
            else asyncio.Task.current_task()
        )
        await loop.create_future()

    wait = AsyncToSync(forever)

    def caller():
        try:
            wait()
        except Exception as error:
            caught.append(error)

    thread = threading.Thread(target=caller, daemon=True)

    async def main():
        thread.start()
        while not tasks:
            await asyncio.sleep(0.001)
        tasks[0].cancel()
        for _ in range(1000):
            if caught:
                break
            await asyncio.sleep(0.001)

    loop.run_until_complete(main())
    both = [concurrent.futures.CancelledError, asyncio.CancelledError]
    print(
        "returned" if caught else "hangs", *[isinstance(caught[0], one) for one in both if caught]
    )


def test_the_waiting_thread_is_told_of_the_cancellation():
    prove(
        "asgiref.cancelled_call",
        code,
        good="returned True True",
        bad="hangs",
        needed=sys.version_info >= (3, 8),
    )
