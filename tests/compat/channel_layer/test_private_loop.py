"""The loops that threads send with are closed, wherever they come to their end."""

import asyncio
import os
import socket
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
