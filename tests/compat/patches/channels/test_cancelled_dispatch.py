import sys

from tests.support.probe import prove, source


@source
def code():
    import asyncio

    from channels.utils import await_many_dispatch

    async def failing():
        raise LookupError("the consumer's own")

    async def idle():
        await asyncio.get_event_loop().create_future()

    async def main():
        try:
            await await_many_dispatch([idle, failing], None)
        except BaseException as error:
            return repr(error.args), type(error).__name__

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    print(*loop.run_until_complete(main()))


def test_the_consumers_exception_comes_through():
    prove(
        "channels.cancelled_dispatch",
        code,
        good='("the consumer\'s own",) LookupError',
        bad="() CancelledError",
        needed=sys.version_info >= (3, 8),
    )
