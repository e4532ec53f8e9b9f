"""Notifications by PostgreSQL: what can happen to the connection that hears them."""

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import socket

import pytest

from compat.channel_layer import listening
from tests.support.wait import wait_until

from .notified import GROUP, Ear, listener


def test_a_connection_that_was_ended_is_made_again(database, run, caplog):
    async def main():
        one = await listener()
        for number in range(1, 3):
            (pid,) = database.listeners()
            database.ask("SELECT pg_terminate_backend(%s)", pid)
            # What was said meanwhile is looked for at once.
            await one.until(lambda one, number=number: one.returns == number)
            assert database.listeners() != [pid]
            database.elsewhere()
            await one.hears(number)
        await one.subscriber.stop()

    run(main())
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 1 and lines[0].startswith("PostgreSQL does not notify us: ")
    assert lines[0].endswith("; changes are found by polling meanwhile")
    assert "\n" not in lines[0]


def test_a_server_that_restarts(database, run, postgresql):
    async def main():
        one = await listener()
        postgresql.stop(signal.SIGINT)
        try:
            await one.until(lambda one: not one.subscriber.listens or tick(one))
            # Who comes now is not held up.
            other = Ear()
            began = asyncio.get_event_loop().time()
            await other.subscriber.join("streams.other")
            assert asyncio.get_event_loop().time() - began < 5
            assert not other.subscriber.listens
        finally:
            postgresql.start()
        for each in (one, other):
            await each.until(lambda each: each.returns == 1)
        database.elsewhere()
        database.elsewhere(group="streams.other")
        await one.hears(1)
        await other.hears(1)
        for each in (one, other):
            await each.subscriber.stop()

    def tick(one):
        asyncio.get_event_loop().call_later(0.01, one.changed.set)

    run(main())


@pytest.mark.skipif(os.getuid() != 0, reason="only root may stop a process of PostgreSQL's user")
def test_a_connection_that_hangs_is_left(database, run, monkeypatch, caplog):
    monkeypatch.setattr(listening, "BEAT_SECONDS", 0.2)
    monkeypatch.setattr(listening, "ANSWER_SECONDS", 1.0)

    async def main():
        one = await listener()
        (pid,) = database.listeners()
        await asyncio.sleep(0.5)
        assert database.listeners() == [pid]  # beats are answered
        os.kill(pid, signal.SIGSTOP)
        try:
            await one.until(lambda one: one.returns == 1)
            database.elsewhere()
            await one.hears(1)
        finally:
            os.kill(pid, signal.SIGCONT)
        await one.subscriber.stop()

    run(main())
    assert "TimeoutError: no answer within 1 s" in caplog.text


def test_a_process_with_many_sockets_listens(database, run):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 1300:
        pytest.skip("the limit of open files is %d" % most)
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    resource.setrlimit(resource.RLIMIT_NOFILE, (1300, most))
    try:
        with contextlib.ExitStack() as stack:
            while stack.enter_context(contextlib.closing(socket.socket())).fileno() < 1030:
                pass

            async def main():
                one = await listener()
                database.elsewhere()
                await one.hears(1)
                await one.subscriber.stop()

            run(main())
            wait_until(lambda: not database.listeners(), what="the end of the connection")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))


def test_a_loop_that_was_closed_without_a_goodbye_is_forgotten(database):
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    one = loop.run_until_complete(listener())
    loop.close()
    asyncio.set_event_loop(None)
    assert database.listeners()
    database.elsewhere()
    wait_until(lambda: not database.listeners(), what="the end of the connection")
    assert one.messages == []


def test_a_fork_has_a_connection_of_its_own(database, run, monkeypatch):
    async def main():
        one = await listener()
        parent = listening._current
        monkeypatch.setattr(listening, "_pid", os.getpid() + 1)  # as in a child
        child = await listener()
        assert listening._current is not parent and child.subscriber.listening is not parent
        assert len(database.listeners()) == 2
        for each in (one, child):
            await each.subscriber.stop()

    run(main())
    gc.collect()


def test_a_goodbye_at_the_end_of_the_process_is_waited_for(database, run):
    async def main():
        one = await listener()
        one.subscriber.leave_at_exit()
        assert not one.subscriber.listening.thread.is_alive()
        await one.subscriber.stop()

    run(main())


def test_a_pooler_that_keeps_notifications_to_itself_is_told_of(database, run, caplog):
    async def main():
        one = await listener()
        for _ in range(listening.DEAF_AFTER - 1):
            one.subscriber.renew(GROUP)
        assert not caplog.records
        one.subscriber.renew(GROUP)
        one.subscriber.renew(GROUP)
        (record,) = caplog.records
        assert record.levelno == logging.WARNING and "pgbouncer" in record.getMessage()
        await one.subscriber.stop()
        # Where something was heard, what is found by polling was merely lost.
        other = await listener()
        other.subscriber.listening.deaf_throttle.next = 0
        database.elsewhere()
        await other.hears(1)
        for _ in range(listening.DEAF_AFTER + 1):
            other.subscriber.renew(GROUP)
        assert len(caplog.records) == 1
        await other.subscriber.stop()

    run(main())
