"""Notifications by PostgreSQL: what is said, and who hears it."""

import asyncio
import json
import os

import pytest
from django.db import connections, transaction

from compat.channel_layer import (
    _settings,
    notify,
    postgresql,
    postgresql_subscriber,
    shared_subscriber,
)
from compat.sockets import logout
from compat.sockets.recheck import OpenSocket, Recheck
from tests.support.wait import wait_until

from .notified import GROUP, MESSAGE, listener

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


def test_who_listens_may_do_so_elsewhere(database, settings, monkeypatch, run):
    if hasattr(connections._connections, "direct"):
        del connections["direct"]  # another test's
    assert _settings.DATABASE.problem() == "" and _settings.DATABASE() is None
    settings.STREAMS_NOTIFICATIONS_DATABASE = "direct"
    assert _settings.DATABASE.problem().endswith("(DATABASES has no 'direct')")
    monkeypatch.setitem(connections.databases, "direct", {"ENGINE": "django.db.backends.sqlite3"})
    assert "the database 'direct' is no PostgreSQL" in _settings.DATABASE.problem()
    del connections["direct"]
    monkeypatch.setitem(connections.databases, "direct", dict(database.settings))
    assert _settings.DATABASE.problem() == ""
    monkeypatch.setitem(connections.databases["default"], "PORT", "1")  # what it is not

    async def main():
        one = await listener()
        database.elsewhere()
        await one.hears(1)
        await one.subscriber.stop()

    run(main())


def test_what_a_pooler_puts_on_the_connection_of_the_site_is_not_kept(database):
    with connections["default"].cursor() as cursor:
        for name in (postgresql.channel(), "of_the_site"):
            cursor.execute('LISTEN "%s"' % name)
        cursor.execute("SELECT pg_notify('of_the_site', '1')")
    for _ in range(3):
        notify.notify(GROUP, MESSAGE, "not sent")
    kept = connections["default"].connection.notifies
    assert [one.channel for one in kept] == ["of_the_site"]


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
