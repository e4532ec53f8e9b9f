"""When a socket is a member of its service's group, on a channel layer in this process."""

import asyncio

import pytest
from channels.layers import InMemoryChannelLayer

from deploy.consumers import DeployResult
from deploy.messages import group_name


class Slow(InMemoryChannelLayer):
    """A layer that joins, leaves and fails when it is told to."""

    def __init__(self):
        super().__init__()
        self.go = asyncio.Event()
        self.go.set()
        self.failing = False
        self.joins = 0

    async def group_add(self, group, channel):
        self.joins += 1
        await self.go.wait()
        if self.failing:
            raise OSError("gone")
        await super().group_add(group, channel)

    async def group_discard(self, group, channel):
        if self.failing:
            raise OSError("gone")
        await super().group_discard(group, channel)

    def members(self):
        return list(self.groups.get(group_name("web"), ()))


def run(scenario):
    """Run scenario(consumer, layer) on a loop of its own."""

    async def both():
        consumer = DeployResult({"type": "websocket"})
        consumer.uid, consumer.channel_layer = "web", Slow()
        consumer.channel_name = await consumer.channel_layer.new_channel()
        await scenario(consumer, consumer.channel_layer)

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(both())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_a_socket_is_a_member_until_it_goes():
    async def scenario(consumer, layer):
        await consumer._join()
        assert layer.members() == [consumer.channel_name] and consumer.joined
        await consumer.disconnect(1000)
        assert layer.members() == []
        await consumer.disconnect(1000)  # no second goodbye to a group that it is not in

    run(scenario)


def test_a_socket_that_goes_while_it_joins_is_no_member():
    async def scenario(consumer, layer):
        layer.go.clear()
        joining = asyncio.ensure_future(consumer._join())
        await asyncio.sleep(0)
        await consumer.disconnect(1000)
        layer.go.set()
        await joining
        assert layer.members() == []

    run(scenario)


def test_a_layer_that_fails_is_asked_again_when_the_socket_is_checked():
    async def scenario(consumer, layer):
        consumer.rechecked()  # it was not tried yet
        layer.failing = True
        await consumer._join()
        assert (consumer.joined, layer.joins, layer.members()) == (False, 1, [])
        layer.failing = False
        layer.go.clear()
        for _ in range(3):  # while it joins, it does not begin again
            consumer.rechecked()
            await asyncio.sleep(0)
        layer.go.set()
        while not consumer.joined:
            await asyncio.sleep(0)
        consumer.rechecked()
        await asyncio.sleep(0)
        assert (layer.joins, layer.members()) == (2, [consumer.channel_name])

    run(scenario)


def test_a_socket_that_is_closing_joins_nothing():
    async def scenario(consumer, layer):
        consumer.joined, consumer._closing = False, True
        consumer.rechecked()
        await asyncio.sleep(0)
        assert layer.joins == 0

    run(scenario)


def test_a_layer_that_fails_keeps_nobody_from_going():
    async def scenario(consumer, layer):
        await consumer._join()
        layer.failing = True
        await consumer.disconnect(1000)
        assert consumer.group is None

    run(scenario)


@pytest.mark.parametrize("more, closed", [(0, False), (1, True)])
def test_the_largest_frame_is_taken(settings, more, closed):
    settings.DEPLOY_MAX_FRAME = 1000
    taken, ended = [], []

    class Full:
        def take(self):
            taken.append(True)
            return False

    async def scenario(consumer, layer):
        async def end(code):
            ended.append(code)

        async def error(code, detail):
            pass

        consumer.incoming = consumer.complaints = Full()
        consumer._end, consumer._error = end, error
        await consumer.receive(bytes_data=b"x" * (1000 + more))
        assert (bool(ended), bool(taken)) == (closed, not closed)

    run(scenario)
