"""Messages to a list in Redis that takes no more."""

import pytest

from tests.support.probe import applies, probe, prove, source

NAME = "channels_redis.full_channel"


@source
def code():
    global re
    import asyncio
    import logging
    import os
    import re

    from channels_redis.core import ChannelFull, RedisChannelLayer

    logging.basicConfig(format="%(levelname)s %(message)s")
    layer = RedisChannelLayer(hosts=[("127.0.0.1", int(os.environ["PORT"]))], capacity=3)

    async def main():
        reader = RedisChannelLayer(hosts=layer.hosts)
        names = [await reader.new_channel(), await reader.new_channel(), "free"]
        for name in names:
            await layer.group_add("news", name)
        for number in range(100):
            await layer.group_send("news", {"type": "news", "number": number})
        got = [(await reader.receive(names[0]))["number"] for _ in range(3)]
        print(got, [(await reader.receive("free"))["number"] for _ in range(3)])
        refused = 0
        for number in range(10):
            try:
                await layer.send("jobs", {"type": "job"})
            except ChannelFull:
                refused += 1
        print("refused", refused)
        await reader.flush()
        for used in (layer, reader):
            await used.close_pools()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())


REPORT = (
    """
import io, sys
stderr = sys.stderr = io.StringIO()
"""
    + code
    + """
sys.stderr = sys.__stderr__
for line in stderr.getvalue().splitlines():
    line, _, hint = line.partition(";")
    print(re.sub(r"specific\\.\\w+!", "specific.X!", line), "capacity" in hint)
"""
)
SAID = """
[0, 1, 2] [0, 1, 2]
refused 7
WARNING message to group news lost, channels are full: free, specific.X! True
WARNING message refused: channel jobs has 3 messages waiting True
"""


def test_it_is_logged_with_the_channels_name_and_not_for_each_message(env):
    if not applies(NAME):
        pytest.skip("the layer logs it in its own way")
    said = SAID.strip()
    stock = "\n".join(said.splitlines()[:2])
    prove(NAME, REPORT, good=said, bad="refused 7", env=env)
    assert probe(REPORT, disable=NAME, env=env).said == stock
