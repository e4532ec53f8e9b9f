"""What an event loop has one of: when it begins and ends, and which notifications it gets."""

import asyncio
import os
import threading

import pytest

from compat.channel_layer import layers, notify, per_loop
from compat.channel_layer.per_loop import PerLoop

MESSAGE = {"type": "news", "text": "x"}


class Layer:
    """A layer whose groups are looked at; None: nothing comes from elsewhere."""

    def __init__(self):
        self.groups = set()
        self.queue = None

    async def new_channel(self):
        return "mine"

    async def group_add(self, group, channel):
        self.groups.add(group)

    async def group_discard(self, group, channel):
        self.groups.discard(group)

    async def receive(self, channel):
        self.queue = self.queue or asyncio.Queue()
        return await self.queue.get()


class News(PerLoop):
    TYPE = "news"

    def __init__(self, loop):
        super().__init__(loop)
        self.messages, self.stopped, self.returns = [], 0, 0

    def on_notification(self, message):
        self.messages.append(message)

    def on_return(self):
        self.returns += 1

    async def stop(self):
        self.stopped += 1


class Weather(News):
    TYPE = "weather"


@pytest.fixture
def layer(monkeypatch):
    layer = Layer()
    monkeypatch.setattr(layers, "own_layer", lambda: layer)
    monkeypatch.setattr(layers, "network_layer", lambda members_renew=False: None)
    return layer


@pytest.fixture
def no_layer(monkeypatch):
    monkeypatch.setattr(layers, "own_layer", lambda: None)
    monkeypatch.setattr(layers, "network_layer", lambda members_renew=False: None)


async def until(ready):
    while not ready():
        await asyncio.sleep(0.001)


def tell(kind="news"):
    notify.notify("group", dict(MESSAGE, type=kind), "not sent")


def test_there_is_one_for_each_loop_and_kind(run, no_layer):
    async def main():
        one, other = News.current(), Weather.current()
        assert News.current() is one is not other and one.is_current()
        ending = one.retire()
        later = News.current()
        assert later is not one and not one.is_current() and later.is_current()
        assert not one.closed
        await ending
        assert one.closed and one.stopped == 1 and one not in per_loop._stopping
        assert Weather.current() is other
        await asyncio.wait([later.retire(), other.retire()])
        assert not [one for one in per_loop._current.values() if isinstance(one, News)]

    run(main())


def test_who_has_retired_hears_nothing_more(run, no_layer):
    async def main():
        one, other = News.current(), Weather.current()
        tell()
        await asyncio.sleep(0)
        assert one.messages == [MESSAGE] and other.messages == []
        ending = one.retire()
        tell()
        await ending
        assert one.messages == [MESSAGE]
        await other.retire()

    run(main())


def test_a_notification_from_another_thread_is_told_on_the_loop(run, no_layer):
    async def main():
        one, here = News.current(), []
        one.on_notification = lambda message: here.append(threading.current_thread())
        one.loop.set_debug(True)  # it refuses to be called from another thread then
        thread = threading.Thread(target=tell)
        thread.start()
        await asyncio.wait_for(until(lambda: here), 10)
        assert here == [threading.current_thread()]
        thread.join()
        await one.retire()

    run(main())


def test_what_comes_from_elsewhere_is_told_if_it_is_of_that_kind(run, layer):
    async def main():
        one = News.current()
        await one.join("group")
        assert layer.groups == {"group"}
        while layer.queue is None:
            await asyncio.sleep(0)
        for message in ({"type": "weather"}, {}, MESSAGE):
            layer.queue.put_nowait(message)
        await asyncio.wait_for(until(lambda: one.messages), 10)
        assert one.messages == [MESSAGE] and not one.returns
        await one.retire()
        assert layer.groups == set()

    run(main())


def test_what_it_began_is_waited_for_before_its_groups_are_left(run, layer):
    async def main():
        one, done = News.current(), []
        await one.join("group")

        async def work():
            await asyncio.sleep(0.02)
            done.append(set(layer.groups))

        task = one.later(work())
        assert task in one.tasks
        await one.retire()
        assert done == [{"group"}] and layer.groups == set() and one.subscriber.stopped
        await asyncio.sleep(0)
        assert not one.tasks

    run(main())


def test_without_a_layer_nothing_is_joined(run, no_layer):
    async def main():
        one = News.current()
        await one.join("group")
        assert one.subscriber is None
        await one.retire()

    run(main())


def test_the_one_of_a_loop_that_was_closed_is_forgotten(run, no_layer):
    loop = asyncio.new_event_loop()

    async def begin():
        return News.current()

    old = loop.run_until_complete(begin())
    loop.close()
    tell()  # it cannot be told any more, and nobody is told of that
    assert old._sent_here not in notify._listeners["news"] and old.messages == []

    async def main():
        notify.listen("news", old._sent_here)
        one = News.current()
        assert old not in per_loop._current.values() and one is not old
        assert old._sent_here not in notify._listeners["news"]
        await one.retire()

    run(main())


def test_the_one_of_the_parent_is_not_the_childs(run, no_layer):
    async def main():
        parent = News.current()
        parent.pid = os.getpid() + 1  # as after a fork
        tell()
        child = News.current()
        await asyncio.sleep(0)
        assert child is not parent and parent.messages == []
        parent.pid = os.getpid()
        await child.retire()

    run(main())


def test_one_that_stops_when_its_loop_is_closed_is_forgotten(run, no_layer):
    loop = asyncio.new_event_loop()

    async def begin():
        one = News.current()
        waiting = one.later(asyncio.sleep(60))
        return one, waiting, one.retire()

    old, *tasks = loop.run_until_complete(begin())
    assert old in per_loop._stopping
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.wait(tasks))
    loop.close()

    async def main():
        one = News.current()
        assert old not in per_loop._stopping
        await one.retire()

    run(main())


def test_groups_are_left_at_the_end_of_the_process(run, layer):
    left = []

    async def main():
        one, retiring = News.current(), Weather.current()
        ending = retiring.retire()
        forked = per_loop._current[News, 0] = News(asyncio.get_event_loop())
        forked.pid = 0
        for each in (one, retiring, forked):
            each.subscriber.leave_at_exit = lambda each=each: left.append(each)
        per_loop._say_goodbye()
        assert left == [one, retiring]
        del per_loop._current[News, 0]
        forked.pid = os.getpid()
        notify.unlisten("news", forked._sent_here)
        await asyncio.wait([ending, forked.later(forked._retire()), one.retire()])

    run(main())
