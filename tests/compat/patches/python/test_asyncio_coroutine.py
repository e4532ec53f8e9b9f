import sys

from tests.support.probe import prove, source


@source
def code():
    import asyncio

    @asyncio.coroutine
    def generator(value):
        yield from asyncio.sleep(0)
        return value

    @asyncio.coroutine
    def plain(value):
        return value

    @asyncio.coroutine
    def handing_on(value):
        return generator(value)

    class Service:
        @asyncio.coroutine
        def method(self, value):
            return (yield from generator(value))

    async def main():
        ready = asyncio.ensure_future(generator(4))
        return [
            await generator(1),
            await plain(2),
            await handing_on(3),
            await plain(ready),
            await Service().method(5),
            asyncio.iscoroutinefunction(plain),
            plain.__name__,
            asyncio.coroutines.coroutine is asyncio.coroutine,
            asyncio.coroutine(main) is main,
        ]

    print(asyncio.new_event_loop().run_until_complete(main()))


def test_coroutines_written_as_generators_run():
    prove(
        "python.asyncio_coroutine",
        code,
        good="[1, 2, 3, 4, 5, True, 'plain', True, True]",
        bad="module 'asyncio' has no attribute 'coroutine'",
        needed=sys.version_info >= (3, 11),
    )
