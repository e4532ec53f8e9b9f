"""Subscribers of the pub/sub layer: beside its consumers, and beside other processes."""

import asyncio
import signal

import pytest
from asgiref.sync import async_to_sync

from compat.channel_layer import connections, layers, notify, shared_subscriber, subscription
from compat.channel_layer.pubsub import RedisPubSubChannelLayer
from compat.channel_layer.shared_subscriber import SharedSubscriber
from compat.channel_layer.subscriber import JOIN_SECONDS, Subscriber
from tests.support.wait import wait_until

from .subscribers import GROUP, Listener, disconnect, layer_of, listening

OTHER = "sports"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Patience that suits a test."""
    monkeypatch.setattr(subscription, "PING_SECONDS", 0.1)
    for module in (subscription, connections):
        monkeypatch.setattr(module, "ANSWER_SECONDS", 0.5)


@pytest.fixture
def layer(redis, run):
    layer = RedisPubSubChannelLayer(hosts=[("127.0.0.1", redis.port)])
    yield layer
    run(layer.close_pools())


async def heard(layer, *groups):
    listener = Listener(layer, SharedSubscriber)
    for group in groups:
        await listener.subscriber.join(group)
    return listener


def marks(redis, group=GROUP):
    return redis.say("ZCARD", "asgi::group:" + group)


def texts(listener):
    return [message["text"] for message in listener.messages]


def told(*listeners):
    """Each has got the last message; returns what they have got."""

    async def wait():
        for listener in listeners:
            await listener.until(lambda one: "end" in texts(one))
        return [texts(listener) for listener in listeners]

    return wait()


def test_processes_of_before_and_these_tell_each_other_once(redis, run, layer):
    old_layer = layer_of(redis)

    async def main():
        old, new = await listening(old_layer), await heard(layer, GROUP)
        while not marks(redis) == 2:
            await asyncio.sleep(0.01)
        for number in range(3):
            await notify.send(old_layer, GROUP, {"type": "n", "text": "old %d" % number})
            layer.notify_now(GROUP, {"type": "n", "text": "new %d" % number})
        # Whoever sends by lists removes who looks too old, and our mark does not.
        assert marks(redis) == 2
        await notify.send(old_layer, GROUP, {"type": "n", "text": "end"})
        found = await told(old, new)
        for listener in (old, new):
            await listener.subscriber.stop()
        await disconnect(old_layer)
        return found

    sent = ["old 0", "new 0", "old 1", "new 1", "old 2", "new 2", "end"]
    of_old, of_new = run(main())
    assert of_old == sent
    # By a list or published, there is no order between the two.
    assert sorted(of_new) == sorted(sent)
    assert marks(redis) == 0


def test_all_use_one_subscribed_connection_with_the_consumers(redis, run, layer):
    async def main():
        channel = await layer.new_channel()
        await layer.group_add("members", channel)
        before = redis.say("CLIENT", "LIST").count(b"\n")
        listeners = [await heard(layer, GROUP, OTHER) for _ in range(3)]
        assert redis.say("CLIENT", "LIST").count(b"\n") == before
        assert redis.say("CLIENT", "LIST", "TYPE", "pubsub").count(b"\n") == 1
        layer.notify_now(GROUP, {"type": "n", "text": "end"})
        await told(*listeners)
        for listener in listeners:
            await listener.subscriber.stop()
        for group in (GROUP, OTHER):
            assert redis.say("PUBSUB", "NUMSUB", "asgi:@0:group:" + group)[1] == 0
        await layer.group_send("members", {"type": "still here"})
        assert await layer.receive(channel) == {"type": "still here"}
        return [len(listener.messages) for listener in listeners]

    assert run(main()) == [1, 1, 1]


def test_who_has_left_is_not_told_and_may_come_back(run, layer):
    async def main():
        one, two = await heard(layer, GROUP), await heard(layer, GROUP, OTHER)
        await one.subscriber.leave(GROUP)
        await one.subscriber.leave(OTHER)  # where it never was
        layer.notify_now(GROUP, {"type": "n", "text": "without"})
        await two.until(lambda listener: listener.messages)
        await one.subscriber.join(GROUP)
        layer.notify_now(GROUP, {"type": "n", "text": "end"})
        found = await told(one, two)
        for listener in (one, two):
            await listener.subscriber.stop()
        return found

    assert run(main()) == [["end"], ["without", "end"]]


@pytest.mark.parametrize("way", ["restart", "hang"])
def test_an_outage_holds_nobody_up_and_somebody_is_told(redis, run, layer, way):
    async def main():
        loop = asyncio.get_event_loop()
        one, patient = await heard(layer, GROUP), await heard(layer, GROUP)
        assert not one.returns and not patient.returns
        before = one.subscriber.fan_out.host(0).subscription.conn
        if way == "restart":
            redis.stop(signal.SIGKILL)
        else:
            redis.process.send_signal(signal.SIGSTOP)
        began = loop.time()
        await one.subscriber.join(OTHER)
        assert loop.time() - began < JOIN_SECONDS + 0.5
        late = await heard(layer, "late")
        while not before.closed:
            await asyncio.sleep(0.01)
        if way == "restart":
            redis.start()
        else:
            redis.process.send_signal(signal.SIGCONT)
        for listener in (one, late, patient):
            await listener.until(lambda listener: listener.returns)
        for number, group in enumerate((GROUP, OTHER, "late")):
            layer.notify_now(group, {"type": "n", "text": "%d" % number})
        await one.until(lambda listener: len(listener.messages) == 2)
        await late.until(lambda listener: listener.messages)
        for listener in (one, late, patient):
            await listener.subscriber.stop()
        return texts(one), texts(late), texts(patient)

    assert run(main()) == (["0", "1"], ["2"], ["0"])


def test_a_layer_that_is_flushed_or_closed_is_joined_again(redis, run, layer):
    async def main():
        one = await heard(layer, GROUP)
        for number, end in enumerate((layer.flush, layer.close_pools)):
            await end()
            while not redis.say("PUBSUB", "NUMSUB", "asgi:@0:group:" + GROUP)[1]:
                await asyncio.sleep(0.01)
            layer.notify_now(GROUP, {"type": "n", "text": "%d" % number})
            await one.until(lambda listener: len(listener.messages) == number + 1)
        await one.subscriber.stop()
        await layer.close_pools()
        assert redis.say("PUBSUB", "CHANNELS") == []
        return texts(one)

    assert run(main()) == ["0", "1"]


def test_renew_leaves_a_mark_again(redis, run, layer, monkeypatch):
    async def main():
        one = await heard(layer, GROUP)
        monkeypatch.setattr(subscription, "PING_SECONDS", 600)
        await asyncio.sleep(0.2)
        redis.say("DEL", "asgi::group:" + GROUP)
        one.subscriber.renew(GROUP)
        one.subscriber.renew("unknown")
        while not marks(redis):
            await asyncio.sleep(0.01)
        await one.subscriber.stop()

    run(main())


def test_at_the_end_of_the_process_marks_are_removed_without_the_loop(redis, run, layer):
    async def main():
        one = await heard(layer, GROUP, OTHER)
        while not (marks(redis) and marks(redis, OTHER)):
            await asyncio.sleep(0.01)
        return one

    one = run(main())
    one.subscriber.leave_at_exit()
    assert (marks(redis), marks(redis, OTHER)) == (0, 0)
    redis.stop(signal.SIGKILL)
    one.subscriber.leave_at_exit()  # is no trouble
    redis.start()
    run(one.subscriber.stop())


def test_which_subscriber_a_site_gets(redis, run, layer, monkeypatch):
    made = []
    monkeypatch.setattr(layers, "_shared_layer", lambda: layer)

    async def main():
        one = shared_subscriber.subscribe(print, print)
        made.append(type(one))
        await one.join(GROUP)
        await one.stop()

    run(main())
    # Its event loop ends with the call, and with it what the layer would subscribe there.
    async_to_sync(main)()
    monkeypatch.setattr(layers, "_shared_layer", lambda: None)
    assert shared_subscriber.subscribe(print, print) is None
    assert made == [SharedSubscriber, Subscriber]
    wait_until(lambda: not marks(redis), what="nobody in the group")
