"""What waits for one channel: how much, for how long, and what is told of the rest."""

import asyncio

import pytest

from compat.channel_layer import mailbox
from compat.channel_layer.mailbox import Mailbox


@pytest.fixture
def told():
    return []


@pytest.fixture
def make(told):
    def make(capacity=3, most_bytes=100, expiry=60, lost_type=None):
        def on_lost(box, number, why):
            told.append((number, why))

        return Mailbox("a", capacity, most_bytes, expiry, on_lost, lost_type)

    return make


def put(box, *numbers, size=1, now=0.0):
    for number in numbers:
        box.put({"n": number}, size, now)


def items(box):
    return [message.get("n", message.get("lost", "none")) for message, _, _ in box.items]


def test_so_many_messages_wait(make, told):
    box = make(capacity=3)
    put(box, 1, 2)
    assert not box.is_full()
    put(box, 3)
    assert box.is_full() and told == []
    put(box, 4)
    assert items(box) == [1, 2, 3] and told == [(1, "full")] and box.bytes == 3


def test_so_many_bytes_wait_and_the_first_message_always_has_room(make, told):
    box = make(most_bytes=100)
    put(box, 1, size=1000)
    assert items(box) == [1] and told == []
    put(box, 2)
    assert items(box) == [1] and told == [(1, "full")]
    box = make(most_bytes=100)
    put(box, 1, 2, size=50)
    assert items(box) == [1, 2] and box.bytes == 100 and not box.is_full(0) and box.is_full(1)


def test_without_capacity_nothing_is_known_to_have_room(make):
    assert make(capacity=0).is_full()
    assert not make(capacity=1).is_full()


def test_what_is_over_makes_room(make, told):
    box = make(capacity=2, expiry=10)
    put(box, 1, now=0.0)
    put(box, 2, now=5.0)
    put(box, 3, now=10.0)  # the first is of use until then
    assert items(box) == [1, 2] and told == [(1, "full")]
    put(box, 4, now=10.1)
    assert items(box) == [2, 4] and told[1:] == [(1, "expired")] and box.bytes == 2
    assert not box.is_idle(14.0)
    assert box.is_idle(30.0) and told[2:] == [(2, "expired")] and box.bytes == 0


def test_one_notice_stands_for_what_is_missing_in_its_place(make, told):
    box = make(capacity=2, lost_type="lost")
    put(box, 1, 2, 3, 4)
    assert [message for message, _, _ in box.items][2:] == [{"type": "lost", "lost": 2}]
    box.lose(0, "gap")
    assert items(box) == [1, 2, None]  # how many, nobody knows
    put(box, 5)
    assert items(box) == [1, 2, None] and box.bytes == 2
    assert told == [(1, "full"), (1, "full"), (0, "gap"), (1, "full")]


def test_a_message_of_that_type_is_no_notice(make):
    box = make(capacity=1, lost_type="lost")
    box.put({"type": "lost"}, 1, 0.0)
    box.lose(1, "full")
    box.put({"type": "lost", "lost": 1}, 1, 0.0)
    assert [message for message, _, _ in box.items] == [
        {"type": "lost"},
        {"type": "lost", "lost": 2},
    ]


def test_a_notice_does_not_expire_and_needs_no_message(make):
    box = make(expiry=1, lost_type="lost")
    box.lose(3, "full")
    assert not box.is_idle(10.0**9) and items(box) == [3]


def test_a_reader_is_woken_by_a_message_and_by_a_notice(make, run, monkeypatch):
    monkeypatch.setattr(mailbox.time, "monotonic", lambda: 0.0)

    async def main():
        box = make(lost_type="lost")
        for begin in (lambda: put(box, 1), lambda: box.lose(1, "full")):
            reading = asyncio.ensure_future(box.get())
            await asyncio.sleep(0)
            assert not box.is_idle(0.0) and box.heard
            begin()
            await asyncio.wait([reading], timeout=5)
            assert reading.done() and reading.result() and not box.waiters
        assert box.is_idle(0.0) and box.bytes == 0

    run(main())


def test_a_reader_gets_a_message_of_its_own_and_none_that_is_over(make, run, told, monkeypatch):
    monkeypatch.setattr(mailbox.time, "monotonic", lambda: 61.0)

    async def main():
        box, message = make(), {"n": 2}
        put(box, 1, now=0.0)
        box.put(message, 1, 1.0)
        found = await box.get()
        assert found == message and found is not message
        assert told == [(1, "expired")] and box.bytes == 0

    run(main())


def test_who_waits_no_longer_is_not_kept(make, run):
    async def main():
        box = make()
        reading = asyncio.ensure_future(box.get())
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
        assert not box.waiters and box.is_idle(0.0)

    run(main())
