"""Whoever reads from known inboxes sees what the stock's race shows: each case is put to both."""

import asyncio
import functools
import threading
import time

import pytest
from channels.consumer import AsyncConsumer, SyncConsumer
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.utils import await_many_dispatch

from compat._asyncio import all_tasks
from compat._inboxes import NOTHING, sifted
from compat.channel_layer.mailbox import Mailbox

STOCK = await_many_dispatch.__wrapped__
BOTH = pytest.mark.parametrize("hand_on", [STOCK, await_many_dispatch], ids=["stock", "patched"])


class Layer:
    """A layer with one channel."""

    def __init__(self):
        self.box = Mailbox("test!", 1000, 10**6, 60, print)

    async def receive(self, channel):
        return await self.box.get()

    receive.inbox = lambda self, channel: self.box

    def put(self, *messages):
        for message in messages:
            self.box.put(message, 1, time.monotonic())


class Unknown:
    """What nobody can look into."""

    def __init__(self):
        self.queue = asyncio.Queue()

    async def receive(self):
        return await self.queue.get()


class Sources:
    """A client's queue, a channel, and something else; `trace` is what happens."""

    def __init__(self, hand_on):
        self.hand_on = hand_on
        self.client, self.layer, self.other = asyncio.Queue(), Layer(), Unknown()
        self.receives = [
            self.client.get,
            functools.partial(self.layer.receive, "test!"),
            self.other.receive,
        ]
        self.trace = []

    def put(self, *messages):
        for message in messages:
            self.client.put_nowait(message)

    async def note(self, message):
        self.trace.append(message)
        if message == "stop":
            raise StopConsumer

    def start(self, dispatch=None):
        return asyncio.ensure_future(self.hand_on(self.receives, dispatch or self.note))


@pytest.fixture
def run():
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield lambda coroutine: loop.run_until_complete(asyncio.wait_for(coroutine, 30))
    left = all_tasks(loop)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    asyncio.set_event_loop(None)
    assert not left


async def settled(condition):
    while not condition():
        await asyncio.sleep(0.001)


async def ended(task, error=StopConsumer):
    with pytest.raises(error):
        await task


@BOTH
def test_the_sources_take_turns(run, hand_on):
    async def main():
        sources = Sources(hand_on)
        sources.put("a", "b", "c")
        sources.layer.put({"n": 1}, {"n": 2})
        task = sources.start()
        await settled(lambda: len(sources.trace) == 5)
        sources.other.queue.put_nowait("other")
        await settled(lambda: len(sources.trace) == 6)
        sources.layer.put({"n": 3})
        await settled(lambda: len(sources.trace) == 7)
        sources.put(None, "stop", "never")
        await ended(task)
        return sources

    sources = run(main())
    assert sources.trace == ["a", {"n": 1}, "b", {"n": 2}, "c", "other", {"n": 3}, None, "stop"]


@BOTH
@pytest.mark.parametrize("error", [LookupError, StopConsumer])
def test_what_a_handler_raises_comes_through_and_ends_it(run, hand_on, error):
    async def main():
        sources = Sources(hand_on)

        async def dispatch(message):
            sources.trace.append(message)
            if message == "b":
                raise error("its own")

        sources.put("a", "b", "c")
        with pytest.raises(error, match="its own"):
            await hand_on(sources.receives, dispatch)
        return sources.trace

    assert run(main()) == ["a", "b"]


@BOTH
def test_what_a_source_raises_ends_it(run, hand_on):
    async def main():
        sources = Sources(hand_on)

        async def failing():
            raise LookupError("no source")

        with pytest.raises(LookupError, match="no source"):
            await hand_on([sources.client.get, failing], sources.note)

    run(main())


@BOTH
def test_an_idle_one_can_be_cancelled_and_takes_nothing_after_that(run, hand_on):
    async def main():
        sources = Sources(hand_on)
        task = sources.start()
        sources.put("a")
        await settled(lambda: sources.trace == ["a"])
        task.cancel()
        await ended(task, asyncio.CancelledError)
        sources.put("b")
        sources.layer.put({"n": 1})
        return await sources.client.get(), await sources.layer.receive("test!")

    assert run(main()) == ("b", {"n": 1})


@BOTH
def test_one_that_is_cancelled_in_a_handler_handles_nothing_else(run, hand_on):
    async def main():
        sources = Sources(hand_on)

        async def dispatch(message):
            sources.trace.append(message)
            await asyncio.sleep(3600)

        task = sources.start(dispatch)
        sources.put("a", "b")
        await settled(lambda: sources.trace)
        task.cancel()
        await ended(task, asyncio.CancelledError)
        return sources.trace

    assert run(main()) == ["a"]


@BOTH
def test_who_is_cancelled_in_the_moment_of_a_message_leaves_it_to_the_next(run, hand_on):
    async def main():
        sources = Sources(hand_on)
        first = sources.start()
        await asyncio.sleep(0.01)
        reading = asyncio.ensure_future(sources.layer.receive("test!"))
        await asyncio.sleep(0.01)
        sources.layer.put({"n": 1}, {"n": 2})
        first.cancel()
        await ended(first, asyncio.CancelledError)
        await settled(reading.done)
        return reading.result()["n"] in (1, 2)

    assert run(main())


def test_one_who_always_has_messages_lets_others_work(run):
    async def main():
        queue, handled, others = asyncio.Queue(), [], []

        async def dispatch(message):
            handled.append(message)
            queue.put_nowait(message)

        async def other():
            for _ in range(5):
                await asyncio.sleep(0)
                others.append(len(handled))

        queue.put_nowait("again")
        task = asyncio.ensure_future(await_many_dispatch([queue.get], dispatch))
        await other()
        task.cancel()
        await ended(task, asyncio.CancelledError)
        return others

    others = run(main())
    assert others == sorted(others) and others[-1] > others[1]


@BOTH
def test_messages_that_are_held_back_are_not_handled(run, hand_on):
    class Middleware:
        def __init__(self, receive):
            self._receive, self.refused = receive, []

        async def receive(self):
            while True:
                message = await self._receive()
                refusal = self.refusal(message)
                if refusal is None:
                    return message
                await refusal

        receive.inbox = lambda self: sifted(self._receive, self.refusal)

        def refusal(self, message):
            return self.refuse(message) if message == "bad" else None

        async def refuse(self, message):
            await asyncio.sleep(0)
            self.refused.append(message)

    async def main(around):
        sources = Sources(hand_on)
        middleware = Middleware(sources.client.get)
        sources.receives = [middleware.receive]
        if around:  # once more, which has a task
            sources.receives = [Middleware(middleware.receive).receive]
        sources.put("a", "bad", "b", "bad", "stop")
        await ended(sources.start())
        return sources.trace, middleware.refused

    for around in (False, True):
        assert run(main(around)) == (["a", "b", "stop"], ["bad", "bad"])


def test_what_is_no_plain_queue_is_read_as_before(run):
    class Counting(asyncio.Queue):
        gets = 0

        async def get(self):
            self.gets += 1
            return await super().get()

    async def main():
        queue, sources = Counting(), Sources(await_many_dispatch)
        sources.receives = [queue.get, sources.client.get]
        task = sources.start()
        await queue.put("a")
        await settled(lambda: sources.trace)
        await queue.put("stop")
        await ended(task)
        return queue.gets

    assert run(main()) >= 2


# Consumers


class Synchronous(SyncConsumer):
    channel_layer_alias = None

    def __init__(self, trace, **_):
        self.scope, self.trace = {}, trace
        self.entered, self.go = threading.Event(), threading.Event()
        self.go.set()

    def say(self, message):
        self.trace.append(message["n"])
        self.entered.set()
        assert self.go.wait(10)
        if message.get("error"):
            raise message["error"]


class Overriding(Synchronous):
    @database_sync_to_async
    def dispatch(self, message):
        self.trace.append("dispatch")
        self.say(message)


class OverridingAsync(Synchronous):
    async def dispatch(self, message):
        self.trace.append("before")
        await super().dispatch(message)
        self.trace.append("after")


def say(n, **more):
    return dict(more, type="say", n=n)


def consume(run, hand_on, monkeypatch, kind, *messages):
    """What a consumer of that kind does with the messages, until the last one ends it."""
    monkeypatch.setattr("channels.consumer.await_many_dispatch", hand_on)
    trace = []

    async def main():
        queue = asyncio.Queue()
        for message in messages:
            queue.put_nowait(message)
        await kind(trace)(queue.get, None)

    try:
        run(main())
    except LookupError as error:
        trace.append(repr(error))
    return trace


@BOTH
@pytest.mark.parametrize(
    "kind, each",
    [
        (Synchronous, "{}"),
        (Overriding, "dispatch {}"),
        (OverridingAsync, "before {} after"),
    ],
)
def test_synchronous_consumers_handle_in_order_until_one_fails(
    run, hand_on, monkeypatch, kind, each
):
    monkeypatch.setattr("channels.consumer.async_to_sync", lambda send: send)
    last = each.replace(" after", "")
    messages = [say(n) for n in range(40)]
    wanted = " ".join(each.format(n) for n in range(40))
    for error, end in ((StopConsumer(), ""), (LookupError("its own"), " LookupError('its own',)")):
        trace = consume(
            run, hand_on, monkeypatch, kind, *messages, say(40, error=error), say("never")
        )
        said = " ".join(map(str, trace)).replace("own')", "own',)")
        assert said == wanted + " " + last.format(40) + end


@BOTH
def test_a_cancelled_synchronous_consumer_ends_with_the_message_in_its_thread(
    run, hand_on, monkeypatch
):
    monkeypatch.setattr("channels.consumer.await_many_dispatch", hand_on)
    monkeypatch.setattr("channels.consumer.async_to_sync", lambda send: send)

    async def main():
        consumer = Synchronous([])
        consumer.go.clear()
        queue = asyncio.Queue()
        for n in range(10):
            queue.put_nowait(say(n))
        task = asyncio.ensure_future(consumer(queue.get, None))
        await settled(consumer.entered.is_set)
        task.cancel()
        await ended(task, asyncio.CancelledError)
        consumer.go.set()
        # Its thread is free again when all that it does is done.
        await asyncio.gather(*[database_sync_to_async(lambda: None)() for _ in range(40)])
        return consumer.trace

    assert run(main()) == [0]


def test_a_hop_into_a_thread_does_not_last(run, monkeypatch):
    """What is left of it queues again behind the others."""
    from compat.patches.channels._batches import Batch

    monkeypatch.setattr(Batch, "SECONDS", -1)
    hops = []
    call = Batch.hand_on

    async def hand_on(self, messages):
        hops.append(len(messages))
        return await call(self, messages)

    monkeypatch.setattr(Batch, "hand_on", hand_on)
    monkeypatch.setattr("channels.consumer.async_to_sync", lambda send: send)
    messages = [say(n) for n in range(4)] + [say(4, error=StopConsumer())]
    trace = consume(run, await_many_dispatch, monkeypatch, Synchronous, *messages)
    assert trace == [0, 1, 2, 3, 4] and hops == [5, 4, 3, 2, 1]


def test_a_mailbox_says_when_there_is_nothing():
    box = Layer().box
    assert box.take() is NOTHING
    box.put({"n": 1}, 1, time.monotonic())
    assert box.take() == {"n": 1} and box.take() is NOTHING


class Aliased(AsyncConsumer):
    channel_layer_alias = None


@BOTH
def test_an_unknown_type_fails_as_before(run, hand_on, monkeypatch):
    monkeypatch.setattr("channels.consumer.await_many_dispatch", hand_on)

    async def main():
        queue = asyncio.Queue()
        queue.put_nowait({"type": "no.such"})
        with pytest.raises(ValueError, match="No handler for message type no.such"):
            await Aliased({})(queue.get, None)

    run(main())
