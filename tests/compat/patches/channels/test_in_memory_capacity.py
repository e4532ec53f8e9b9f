from tests.support.probe import prove, source


@source
def code():
    import asyncio
    import re

    from channels.exceptions import ChannelFull
    from channels.layers import InMemoryChannelLayer

    async def held(channel, **config):
        layer = InMemoryChannelLayer(**config)
        for number in range(10):
            try:
                await layer.send(channel, {"type": "message"})
            except ChannelFull:
                return number
        return "all"

    async def main():
        limits = {"http.*": 2, re.compile("chat"): 6, "http.slow": 1}
        for channel in ("http.slow", "chat", "other"):
            print(await held(channel, capacity=4, channel_capacity=limits), end=" ")
        print(await held("http.slow", capacity=4), await held("http.slow"))
        try:
            await held(7, channel_capacity=limits)
        except TypeError as error:
            print(str(error).endswith("not '7'."))

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


def test_the_first_pattern_that_matches_sets_the_capacity():
    prove("channels.in_memory_capacity", code, good="2 6 4 4 all\nTrue", bad="4 4 4 4 all")
