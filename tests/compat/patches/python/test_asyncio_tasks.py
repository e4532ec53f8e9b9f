import sys

from tests.support.probe import prove, source


@source
def code():
    import asyncio

    async def main():
        loop = asyncio.get_event_loop()
        here = asyncio.Task.current_task()
        other = loop.create_task(asyncio.sleep(60))
        said = [
            here in asyncio.Task.all_tasks(),
            other in asyncio.Task.all_tasks(loop),
            here is asyncio.Task.current_task(loop=loop),
            here is other,
        ]
        other.cancel()
        return said

    loop = asyncio.new_event_loop()
    print(loop.run_until_complete(main()), asyncio.Task.current_task(loop))


def test_tasks_tell_the_current_one_and_all():
    prove(
        "python.asyncio_tasks",
        code,
        good="[True, True, True, False] None",
        bad="no attribute 'current_task'",
        needed=sys.version_info >= (3, 9),
    )
