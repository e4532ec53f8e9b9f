"""The loops that threads send with are closed, wherever they come to their end."""

import asyncio
import threading

from compat.channel_layer import private_loop


async def nothing():
    return "done"


def test_the_loop_of_a_thread_is_used_again():
    assert private_loop.run(nothing, 5) == "done"
    loop = private_loop._local.holder.loop
    assert private_loop.run(nothing, 5) == "done"
    assert private_loop._local.holder.loop is loop and not loop.is_closed()


def test_the_loop_of_a_thread_that_ended_is_closed():
    loops = []

    def send():
        private_loop.run(nothing, 5)
        loops.append(private_loop._local.holder.loop)

    thread = threading.Thread(target=send)
    thread.start()
    thread.join()
    private_loop.run(nothing, 5)
    assert loops[0].is_closed()


def test_a_loop_that_is_collected_inside_another_is_closed_later():
    holder = private_loop._Holder()
    loop = holder.loop

    async def collect():
        nonlocal holder
        del holder
        return loop.is_closed()

    other = asyncio.new_event_loop()
    try:
        assert not other.run_until_complete(collect())
    finally:
        other.close()
    private_loop.run(nothing, 5)
    assert loop.is_closed()


def test_a_thread_that_outlives_the_interpreter_says_nothing(monkeypatch):
    holder = private_loop._Holder()
    with monkeypatch.context() as end:
        for name in ("_loops", "_abandoned"):  # as the interpreter does, last of all
            end.setattr(private_loop, name, None)
        holder.__del__()
