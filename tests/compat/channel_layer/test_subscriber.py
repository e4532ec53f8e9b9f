"""Subscribers of a real Redis that restarts, hangs and forgets."""

import asyncio
import signal

import pytest

from compat.channel_layer import layers, notify, subscriber
from compat.patches.channels_redis import group_membership

from .subscribers import GROUP, disconnect, layer_of, listening


def test_what_arrives_together_is_handed_over_together(redis, run):
    """In the order in which it was sent; the list is read once."""
    layer = layer_of(redis)
    messages = [{"type": "news", "number": number} for number in range(5)]

    async def main():
        listener = await listening(layer)
        async with layer.connection(0) as connection:
            await connection.lpush(listener.key(), *map(layer.serialize, messages))
        await listener.until(lambda one: len(one.messages) >= 5)
        await listener.subscriber.stop()
        return listener.messages

    assert run(main()) == messages


def test_what_cannot_be_read_is_skipped(redis, run):
    layer = layer_of(redis)

    async def main():
        listener = await listening(layer)
        async with layer.connection(0) as connection:
            await connection.lpush(listener.key(), b"\xc1", layer.serialize({"type": "news"}))
        await listener.until(lambda one: one.messages)
        await listener.subscriber.stop()
        return listener.messages

    assert run(main()) == [{"type": "news"}]


@pytest.fixture
def alone(monkeypatch):
    """Without the repair that renews memberships, too: not every version of the layer has it."""
    monkeypatch.setattr(group_membership.Members, "add", lambda *arguments: None)


@pytest.mark.parametrize("seconds", [2, 900])
def test_memberships_are_renewed_before_they_expire(redis, run, alone, monkeypatch, seconds):
    monkeypatch.setattr(layers, "MEMBER_SECONDS", seconds)
    monkeypatch.setattr(subscriber, "WAIT_SECONDS", 1)
    layer = layer_of(redis)

    async def main():
        listener = await listening(layer)
        first = await listener.members()
        await asyncio.sleep(2.5)
        second = await listener.members()
        await listener.subscriber.stop()
        last = await listener.members()
        await disconnect(layer)
        return first, second, last

    first, second, last = run(main())
    assert len(first) == len(second) == 1 and last == {}
    assert (first == second) == (seconds == 900)


def test_renew_joins_a_group_that_forgot_us(redis, run, alone):
    layer = layer_of(redis)

    async def main():
        listener = await listening(layer)
        async with layer.connection(0) as connection:
            await connection.delete(layer._group_key(GROUP))
        listener.subscriber.renew(GROUP)
        for _ in range(500):
            if await listener.members():
                break
            await asyncio.sleep(0.02)
        found = await listener.members()
        await listener.subscriber.stop()
        await disconnect(layer)
        return found

    assert len(run(main())) == 1


def test_after_an_outage_groups_are_joined_and_somebody_told(redis, run):
    layer = layer_of(redis)

    async def main():
        listener = await listening(layer)
        assert not listener.returns
        redis.stop(signal.SIGKILL)
        await listener.subscriber.join("sports")
        redis.start()
        await listener.until(lambda one: one.returns)
        sender = layer_of(redis)
        for group in (GROUP, "sports"):
            await notify.send(sender, group, {"type": group})
        await listener.until(lambda one: len(one.messages) == 2)
        await listener.subscriber.stop()
        await disconnect(sender)
        return listener.returns, [message["type"] for message in listener.messages]

    assert run(main()) == (1, [GROUP, "sports"])


def test_at_the_end_of_the_process_groups_are_left_without_the_loop(redis, run, monkeypatch):
    layer = layer_of(redis)
    monkeypatch.setattr(layers, "own_layer", lambda: layer_of(redis))

    async def main():
        listener = await listening(layer)
        await listener.subscriber.join("another")
        listener.subscriber.groups.discard("another")
        listener.subscriber.owed.add("another")  # left while the layer was down
        return listener

    listener = run(main())
    groups = [layer._group_key(group).decode() for group in (GROUP, "another")]
    assert redis.say("EXISTS", *groups) == 2
    listener.subscriber.leave_at_exit()
    assert redis.say("EXISTS", *groups) == 0
    run(listener.subscriber.stop())


def test_a_layer_that_is_away_at_the_end_of_the_process_is_no_trouble(redis, run, monkeypatch):
    asked = []

    class Away:
        async def group_discard(self, group, channel):
            asked.append(group)
            raise OSError("away")

    monkeypatch.setattr(layers, "own_layer", Away)
    listener = run(listening(layer_of(redis)))
    listener.subscriber.leave_at_exit()
    assert asked == [GROUP]
    run(listener.subscriber.stop())
    listener.subscriber.leave_at_exit()  # in no group
    assert asked == [GROUP]


def test_a_redis_that_hangs_holds_nobody_up(redis, run):
    """Who joins goes on, and is told when it is a member after all: something may be missed."""
    layer = layer_of(redis)

    async def main():
        loop = asyncio.get_event_loop()
        listener = await listening(layer)
        redis.process.send_signal(signal.SIGSTOP)
        try:
            began = loop.time()
            for group in ("a", "b", "c"):
                await listener.subscriber.join(group)
            listener.subscriber.renew(GROUP)
            joining = loop.time() - began
        finally:
            redis.process.send_signal(signal.SIGCONT)
        await listener.until(lambda one: one.returns)
        while not await listener.members("c"):
            await asyncio.sleep(0.02)
        await listener.subscriber.stop()
        return joining

    assert run(main()) < 3 * subscriber.JOIN_SECONDS + 0.5


def test_who_joins_while_groups_are_joined_again_is_not_forgotten(run):
    async def main():
        layer = Queue()
        listener = await listening(layer)
        await listener.subscriber.join("another")
        layer.queue.put_nowait(None)  # an outage

        async def join_late(group):
            layer.joining = None
            late.append(asyncio.ensure_future(listener.subscriber.join("late")))
            await asyncio.sleep(0)

        late, layer.joining = [], join_late
        await listener.until(lambda one: one.returns)
        await late[0]
        await listener.subscriber.stop()
        return layer.joined

    assert "late" in run(main())


class Queue:
    """A layer of somebody else's: nothing is known but its interface."""

    def __init__(self):
        self.queue = asyncio.Queue()
        self.joined, self.calls, self.joining = [], 0, None

    async def new_channel(self):
        return "mine"

    async def group_add(self, group, channel):
        self.joined.append(group)
        if self.joining is not None:
            await self.joining(group)

    async def group_discard(self, group, channel):
        self.joined.append("-" + group)

    async def receive(self, channel):
        self.calls += 1
        message = await self.queue.get()
        if message is None:
            raise OSError("gone")
        return message


def test_any_other_layer(run, monkeypatch):
    """It is asked again only when it has answered, and memberships are renewed meanwhile."""
    monkeypatch.setattr(subscriber, "WAIT_SECONDS", 0.02)
    monkeypatch.setattr(layers, "MEMBER_SECONDS", 0.15)

    async def main():
        layer = Queue()
        listener = await listening(layer)
        while len(layer.joined) < 4:
            await asyncio.sleep(0.01)
        assert layer.calls == 1
        layer.queue.put_nowait({"type": "one"})
        await listener.until(lambda one: one.messages)
        layer.queue.put_nowait(None)
        await listener.until(lambda one: one.returns)
        layer.queue.put_nowait({"type": "two"})
        await listener.until(lambda one: len(one.messages) == 2)
        await listener.subscriber.stop()
        return layer

    layer = run(main())
    assert set(layer.joined[:-1]) == {GROUP} and layer.joined[-1] == "-" + GROUP
