"""Notifications by PostgreSQL: what is said, who hears it, and what can happen on the way."""

import asyncio
import contextlib
import gc
import json
import logging
import os
import resource
import signal
import socket

import pytest
from django.db import connections, transaction

from compat.channel_layer import (
    _settings,
    listening,
    notify,
    postgresql,
    postgresql_subscriber,
    shared_subscriber,
)
from compat.channel_layer.postgresql_subscriber import PostgresqlSubscriber
from compat.sockets import logout
from compat.sockets.recheck import OpenSocket, Recheck
from tests.support.wait import wait_until

GROUP = "streams.0123"
MESSAGE = {"type": "news", "stream": "s", "first": 1, "last": 2, "bodies": ["1", "2"]}
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'django_bridge.listen'"


@pytest.fixture
def says(settings, monkeypatch):
    """says(way) chooses how notifications travel."""
    monkeypatch.setattr(notify, "_throttles", {})

    def choose(way):
        settings.STREAMS_NOTIFICATIONS = way

    return choose


class Database:
    """A database of PostgreSQL that is Django's default one, and what others do there."""

    def __init__(self, server):
        self.server = server
        self.settings = server.new_database()

    def ask(self, query, *parameters):
        one = self.server.driver.connect(
            host=self.settings["HOST"],
            port=self.settings["PORT"],
            user=self.settings["USER"],
            dbname=self.settings["NAME"],
        )
        with contextlib.closing(one), one.cursor() as cursor:
            one.autocommit = True
            cursor.execute(query, parameters)
            return cursor.fetchall()

    def elsewhere(self, text=None, group=GROUP, sender="elsewhere"):
        """Notify as another process does, or what nobody of ours would say."""
        if text is None:
            text = "%s %s %s" % (sender, group, json.dumps(MESSAGE))
        self.ask("SELECT pg_notify(%s, %s)", postgresql.channel(), text)

    def listeners(self):
        return [row[0] for row in self.ask(LISTENERS + " AND datname = %s", self.settings["NAME"])]


@pytest.fixture
def database(postgresql, says, django_db_blocker, monkeypatch):
    """A Database that the site of this process uses, with notifications by it."""
    one = Database(postgresql)
    says("postgresql")
    monkeypatch.setattr(postgresql_subscriber, "JOIN_SECONDS", 30)  # on a busy machine
    before, connection = connections.databases["default"], connections["default"]
    with django_db_blocker.unblock():
        connections.databases["default"] = dict(one.settings)
        del connections["default"]
        try:
            yield one
        finally:
            if listening._current is not None:
                listening.goodbye(listening._current)  # of a test that failed
            connections["default"].close()
            connections.databases["default"] = before
            connections["default"] = connection
    wait_until(lambda: not one.listeners(), what="the end of what listens")


class Ear:
    """A PostgresqlSubscriber that keeps what it is told."""

    def __init__(self):
        self.messages, self.returns = [], 0
        self.changed = asyncio.Event()
        self.subscriber = PostgresqlSubscriber(self.heard, self.returned)

    def heard(self, message):
        self.messages.append(message)
        self.changed.set()

    def returned(self):
        self.returns += 1
        self.changed.set()

    async def until(self, ready, seconds=30):
        async def wait():
            while not ready(self):
                self.changed.clear()
                await self.changed.wait()

        await asyncio.wait_for(wait(), seconds)

    async def hears(self, number):
        await self.until(lambda one: len(one.messages) >= number)


async def listener(group=GROUP):
    one = Ear()
    await one.subscriber.join(group)
    assert one.subscriber.listens
    return one


# What is said


def test_bodies_are_left_out_where_they_do_not_fit():
    short = postgresql.payload(GROUP, MESSAGE, ["bodies"])
    assert json.loads(short.split(" ", 2)[2]) == MESSAGE
    # The longest name there can be, and the largest numbers.
    name, most = "\U0001f600" * 190, 2**63 - 1
    long = dict(MESSAGE, stream=name, first=most, last=most, bodies=["x" * 7000])
    text = postgresql.payload(GROUP, long, ["bodies"])
    assert len(text.encode("utf-8")) <= 7999
    del long["bodies"]
    assert json.loads(text.split(" ", 2)[2]) == long


def test_at_the_limit(monkeypatch):
    text = postgresql.payload(GROUP, MESSAGE, ["bodies"])
    monkeypatch.setattr(postgresql, "MOST_BYTES", len(text))
    assert postgresql.payload(GROUP, MESSAGE, ["bodies"]) == text
    monkeypatch.setattr(postgresql, "MOST_BYTES", len(text) - 1)
    assert "bodies" not in postgresql.payload(GROUP, MESSAGE, ["bodies"])
    with pytest.raises(ValueError, match="a notification of %d bytes" % len(text)):
        postgresql.payload(GROUP, MESSAGE)


def test_what_this_process_said_itself_is_known(monkeypatch):
    text = postgresql.payload(GROUP, MESSAGE)
    assert postgresql.parts(text) is None
    monkeypatch.setattr(postgresql, "_sender", (os.getpid() + 1, postgresql.sender()))  # a fork's
    group, message = postgresql.parts(text)
    assert group == GROUP and json.loads(message) == MESSAGE
    assert postgresql.parts("x") is postgresql.parts("") is None


def test_only_the_site_knows_the_channel(settings):
    first = postgresql.channel()
    assert first == postgresql.channel() and len(first) < 64 and settings.SECRET_KEY not in first
    settings.SECRET_KEY = "another"
    assert postgresql.channel() != first


def test_which_database_it_is(settings, monkeypatch):
    assert postgresql.alias() == "default"

    class Router:
        def db_for_write(self, model, **hints):
            return "log" if model._meta.label == "streams.Stream" else None

    settings.DATABASE_ROUTERS = [Router()]
    assert postgresql.alias() == "log"

    def missing(label, name):
        raise LookupError(label)

    monkeypatch.setattr(postgresql.apps, "get_model", missing)
    assert postgresql.alias() == "default"


# The setting


@pytest.mark.parametrize("way", ["redis", True, None, 7])
def test_a_wrong_way_is_told_and_the_layer_counts(says, way):
    says(way)
    problem = _settings.NOTIFICATIONS.problem()
    expected = 'STREAMS_NOTIFICATIONS=%r: expected "layer", "postgresql", "none"' % (way,)
    assert problem == expected and _settings.NOTIFICATIONS() == "layer"


def test_a_database_of_another_kind_is_told(says):
    says("postgresql")
    problem = _settings.NOTIFICATIONS.problem()
    assert problem.startswith('STREAMS_NOTIFICATIONS=\'postgresql\': expected "layer", "postg')
    assert "(the database 'default' is no PostgreSQL, its ENGINE is " in problem
    assert "django.db.backends.sqlite3" in problem
    for way in ("none", "layer"):
        says(way)
        assert _settings.NOTIFICATIONS.problem() == ""


def test_a_database_of_that_kind_is_well(database):
    assert _settings.NOTIFICATIONS.problem() == ""


def local(kind="news"):
    """What listeners of this process are told."""
    told = []

    def listener(message):
        told.append(message)

    notify.listen(kind, listener)
    return told, lambda: notify.unlisten(kind, listener)


def test_without_notifications_this_process_is_told_and_nobody_asked(
    says, caplog, monkeypatch, run
):
    says("none")
    monkeypatch.setattr(notify.layers, "network_layer", lambda **_: 1 / 0)
    monkeypatch.setattr(notify.layers, "own_layer", lambda: 1 / 0)
    told, end = local()
    notify.notify(GROUP, MESSAGE, "not sent", urgent=True)
    end()
    assert told == [MESSAGE] and not caplog.records

    async def main():
        assert shared_subscriber.subscribe(None, None) is None

    run(main())


def test_where_it_is_no_postgresql_a_line_says_so_and_polling_goes_on(
    says, caplog, run, monkeypatch
):
    says("postgresql")
    monkeypatch.setattr(postgresql_subscriber.throttle, "next", 0)
    told, end = local()
    for _ in range(3):
        notify.notify(GROUP, MESSAGE, "not sent")
    end()
    assert told == [MESSAGE] * 3

    async def main():
        for _ in range(2):
            assert shared_subscriber.subscribe(None, None) is None

    run(main())
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2 and lines[0].startswith("not sent: ValueError: the database 'default'")
    assert lines[1].startswith("entries are found by polling only: the database 'default' is no")


# Who hears it


def test_what_another_process_says_is_heard_by_who_joined(database, run):
    async def main():
        one, other = await listener(), await listener("streams.other")
        assert len(database.listeners()) == 1  # for both
        database.elsewhere()
        database.elsewhere(group="streams.other")
        await one.hears(1)
        await other.hears(1)
        # Of this process' own its listeners are told directly.
        notify.notify(GROUP, MESSAGE, "not sent")
        for odd in ("", "x", "x %s" % GROUP, "x %s 7" % GROUP, "x %s {" % GROUP):
            database.elsewhere(odd)
        await one.subscriber.leave(GROUP)
        database.elsewhere()
        database.elsewhere(group="streams.other")
        await other.hears(2)
        assert one.messages == [MESSAGE] and other.messages == [MESSAGE] * 2
        assert (one.returns, other.returns) == (0, 0)  # nothing was missed
        await one.subscriber.stop()
        assert len(database.listeners()) == 1
        database.elsewhere(group="streams.other")
        await other.hears(3)
        await other.subscriber.stop()
        wait_until(lambda: not database.listeners(), what="the end of the connection")
        # Who comes later has another one.
        again = await listener()
        database.elsewhere()
        await again.hears(1)
        await again.subscriber.stop()

    run(main())


def test_a_message_that_makes_trouble_is_alone_with_it(database, run):
    async def main():
        one, troubles = await listener(), []
        asyncio.get_event_loop().set_exception_handler(lambda *about: troubles.append(about))
        stock = one.subscriber.on_notification

        def heard(message):
            if "stream" not in message:
                raise KeyError("stream")
            stock(message)

        one.subscriber.on_notification = heard
        one.subscriber.came([{}, MESSAGE])
        await one.hears(1)
        assert len(troubles) == 1
        await one.subscriber.stop()

    run(main())


def test_what_is_rolled_back_tells_nobody_and_what_is_committed_tells_then(
    database, run, monkeypatch
):
    # This thread speaks as another process.
    stock = postgresql._text
    monkeypatch.setattr(postgresql, "_text", lambda *what: "elsewhere " + stock(*what)[13:])

    def say(number):
        notify.notify(GROUP, dict(MESSAGE, number=number), "not sent")

    async def main():
        one = await listener()
        with pytest.raises(LookupError), transaction.atomic():
            say(1)
            raise LookupError
        with transaction.atomic():
            with pytest.raises(LookupError), transaction.atomic():
                say(2)
                raise LookupError
            with transaction.atomic():
                say(3)
            database.elsewhere()
            await one.hears(1)
            assert one.messages == [MESSAGE]  # ours waits for the commit
        await one.hears(2)
        say(4)
        await one.hears(3)
        assert [message.get("number") for message in one.messages] == [None, 3, 4]
        await one.subscriber.stop()

    run(main())


def test_what_goes_wrong_after_a_commit_is_the_sites_no_more(database, caplog, monkeypatch):
    monkeypatch.setattr(postgresql, "channel", lambda: "x" * 70)  # longer than a name may be
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("CREATE TABLE of_the_site (id int)")
        notify.notify(GROUP, MESSAGE, "not sent")
    notify.notify(GROUP, MESSAGE, "nor this")
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split(":")[0] for line in lines] == ["not sent", "nor this"]
    with connections["default"].cursor() as cursor:
        cursor.execute("DROP TABLE of_the_site")  # it was committed


def test_a_logout_reaches_the_sockets_of_other_processes(database, run, monkeypatch):
    stock = postgresql._text
    monkeypatch.setattr(postgresql, "_text", lambda *what: "elsewhere " + stock(*what)[13:])
    monkeypatch.setattr(notify, "_listeners", {})  # nobody is told within the process

    async def main():
        closed = asyncio.get_event_loop().create_future()

        async def end(code):
            closed.set_result(code)

        socket, recheck = OpenSocket(end), Recheck.current()
        socket.digest, socket.recheck = logout.digest("key"), recheck
        recheck.enter(socket)
        await recheck.join(logout.GROUP)  # as it does by itself, some time
        logout.announce(logout.digest("another"))
        logout.announce(logout.digest("key"))
        assert await asyncio.wait_for(closed, 30) == 4501
        socket.stop()
        await asyncio.wait([*recheck.tasks])

    run(main())


# What can happen to the connection


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
