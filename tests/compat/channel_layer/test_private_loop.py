"""The loops that threads send with are closed, wherever they come to their end."""

import asyncio
import os
import socket
import threading

import pytest

from compat.channel_layer import private_loop
from tests.support.virtual_time import JumpingLoop


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


def test_a_loop_that_is_collected_outside_of_any_is_closed_at_once():
    holder = private_loop._Holder()
    loop = holder.loop
    del holder
    assert loop.is_closed() and private_loop._abandoned == []


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


def test_a_fork_does_not_deafen_its_parent():
    """Both have one epoll set until the child makes itself another: what it closes is removed."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)

    async def begin():
        reader, writer = await asyncio.open_connection(sock=ours)
        reading = asyncio.ensure_future(read(reader, writer))
        await asyncio.sleep(0)
        return reading

    async def read(reader, writer):
        try:
            return await reader.readline()
        finally:
            writer.close()

    with theirs:
        reading = private_loop.run(begin, 5)
        loop = private_loop._local.holder.loop
        child = os.fork()
        if not child:
            try:
                private_loop.run(nothing, 5)
                os._exit(0 if loop.is_closed() else 2)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        theirs.sendall(b"heard\n")

        async def end():
            return await reading

        assert private_loop.run(end, 5) == b"heard\n"


@pytest.fixture
def fresh(monkeypatch):
    """As in a process that has sent nothing yet; its loops are closed at the end."""
    monkeypatch.setattr(private_loop, "_loops", {})
    monkeypatch.setattr(private_loop, "_abandoned", [])
    monkeypatch.setattr(private_loop, "_local", threading.local())
    yield private_loop
    for _, loop in private_loop._loops.values():
        loop.close()


def test_what_takes_too_long_is_cancelled_and_the_loop_goes_on(fresh):
    ended = []

    async def wait():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    with pytest.raises(fresh.TookTooLong, match="no answer within 0.01 s"):
        fresh.run(wait, 0.01)
    assert ended == [1]
    loop = fresh._local.holder.loop
    assert fresh.run(nothing, 5) == "done" and fresh._local.holder.loop is loop
    # No timer is left behind: on this loop the next call would be cancelled by it.
    assert [timer for timer in loop._scheduled if not timer._cancelled] == []


def test_an_error_is_the_callers_and_the_loop_goes_on(fresh):
    async def fail():
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fresh.run(fail, 5)
    loop = fresh._local.holder.loop
    assert not loop.is_closed() and fresh.run(nothing, 5) == "done"
    assert list(fresh._loops.values()) == [(os.getpid(), loop)]


def test_a_loop_that_was_interrupted_is_not_used_again(fresh):
    begun, ended = [], []

    async def beside():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    async def interrupted():
        begun.append(asyncio.ensure_future(beside()))
        await asyncio.sleep(0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fresh.run(interrupted, 5)
    assert fresh._loops == {} and fresh._local.holder is None
    assert begun[0].get_loop().is_closed() if hasattr(begun[0], "get_loop") else True
    assert ended == [1]  # what else was under way on it could come to its end
    assert fresh.run(nothing, 5) == "done"


def test_all_loops_are_closed_at_the_end_of_the_process(fresh):
    fresh.run(nothing, 5)
    abandoned = asyncio.new_event_loop()
    fresh._abandoned.append(abandoned)
    other = asyncio.new_event_loop()
    fresh._loops[1] = os.getpid(), other
    parents = asyncio.new_event_loop()
    shared, touched = parents._selector, []
    shared.unregister = touched.append
    fresh._loops[2] = os.getpid() + 1, parents
    loops = [fresh._local.holder.loop, abandoned, other, parents]
    holder = fresh._local.holder
    fresh._at_exit()
    assert [loop.is_closed() for loop in loops] == [True] * 4
    assert touched == []  # the parent would not hear of what is removed from it
    assert fresh._loops == {} and fresh._abandoned == [] and vars(fresh._local) == {}
    del holder  # of a thread that ends later: there is nothing left to close
    assert fresh._abandoned == []


def test_a_child_gives_up_what_its_parent_has_opened(fresh):
    """Told by hand: the loop of another process is closed on a selector of ours."""
    fresh.run(nothing, 5)
    holder = fresh._local.holder
    loop = holder.loop
    shared = loop._selector
    ours = asyncio.new_event_loop()
    fresh._loops[id(loop)] = os.getpid() + 1, loop
    fresh._loops[id(ours)] = os.getpid(), ours
    holder.pid = os.getpid() + 1
    assert fresh.run(nothing, 5) == "done"
    assert loop.is_closed() and loop._selector is not shared
    assert shared.get_map() is None  # it is closed
    assert not ours.is_closed() and fresh._local.holder is not holder
    assert set(fresh._loops) == {id(ours), id(fresh._local.holder.loop)}


def test_a_loop_that_cannot_be_closed_is_left(fresh, caplog):
    caplog.set_level("DEBUG", logger=fresh.logger.name)

    class Loop:
        def __init__(self, state):
            self.state, self.closings = state, 0

        def is_closed(self):
            return self.state == "closed"

        def is_running(self):
            return self.state == "running"

        def close(self):
            self.closings += 1
            if self.state == "broken":
                raise RuntimeError("half of the modules are gone")

    loops = {state: Loop(state) for state in ("open", "closed", "running", "broken")}
    for loop in loops.values():
        loop._ready = loop._scheduled = ()
        fresh._close(loop)
    assert {state: loop.closings for state, loop in loops.items()} == {
        "open": 1,
        "closed": 0,
        "running": 0,
        "broken": 1,
    }
    assert caplog.text.count("event loop not closed: RuntimeError") == 1


def test_what_does_not_end_does_not_keep_a_loop_open(fresh):
    loop = JumpingLoop()

    async def stubborn():
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                pass

    loop.create_task(stubborn())
    loop.call_soon(loop.stop)
    loop.run_forever()
    fresh._close(loop)
    assert loop.is_closed() and loop.now == 1001
    for task in private_loop.all_tasks(loop):
        task._log_destroy_pending = False  # it has not ended, and that is what is tested


def test_a_child_leaves_a_holder_of_its_parents_alone(fresh):
    holder = fresh._Holder()
    loop = holder.loop
    holder.pid += 1
    del holder
    assert not loop.is_closed() and id(loop) in fresh._loops and fresh._abandoned == []
