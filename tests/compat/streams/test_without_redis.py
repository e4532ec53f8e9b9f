"""Streams of sites without Redis and without a channel layer, over real daphnes."""

import contextlib
import time

import pytest

from tests.compat.streams.without_redis import BIG, Reader, readers_of
from tests.support.servers import HOST
from tests.support.wait import wait_until

LISTENERS = "application_name = 'django_bridge.listen' AND datname = current_database()"


@pytest.fixture
def ask(postgresql, postgresql_settings):
    """ask(query): its rows, of the site's database."""
    one = postgresql.driver.connect(
        host=HOST, port=postgresql.port, user="tests", dbname=postgresql_settings["NAME"]
    )
    one.autocommit = True

    def rows(query):
        with one.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    with contextlib.closing(one):
        yield rows


def test_postgresql_tells_every_process(make_site, postgresql_settings, stream, ask):
    # With a poll in an hour, whatever comes was told of.
    site = make_site(postgresql_settings, poll=3600, notifications="postgresql")
    listeners = "SELECT pid FROM pg_stat_activity WHERE " + LISTENERS
    with readers_of(site, stream, 2) as (servers, readers, steps):
        assert len(ask(listeners)) == 2  # one for each process

        def everybody_gets(*bodies):
            for reader in readers:
                found = reader.until(bodies[-1])
                assert found[-len(bodies) :] == list(bodies)

        steps.publish(stream, "one")
        everybody_gets("one")
        steps.publish(stream, "\u804a\u5929 \U0001f600")
        everybody_gets("one", "\u804a\u5929 \U0001f600")
        steps.publish(stream, BIG)  # its number is told, and readers look into the log
        everybody_gets(BIG)
        steps("publish_many", stream, list(range(2000)))
        everybody_gets(*range(2000))
        steps("publish_in_vain", stream, "rolled back")
        steps("publish_in_one", stream, ["first", "second"])
        everybody_gets(1999, "first", "second")

        before = ask(listeners)
        ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE " + LISTENERS)
        steps.publish(stream, "lost")  # nobody is told; who listens again looks into the log
        everybody_gets("second", "lost")
        wait_until(lambda: len(ask(listeners)) == 2, what="who listens again")
        assert not set(before) & set(ask(listeners))
        steps.publish(stream, "after")
        everybody_gets("lost", "after")

        for reader in readers:
            reader.socket.close()
        wait_until(lambda: not ask(listeners), what="the end of what listened")
    for server in servers:
        lines = [line for line in server.output().splitlines() if "WARNING" in line]
        assert len(lines) == 1 and "PostgreSQL does not notify us" in lines[0], lines


@pytest.mark.parametrize("database", ["sqlite", "mysql"], indirect=True)
def test_with_nothing_entries_are_found_by_polling(make_site, database, stream):
    site = make_site(database, poll=0.2, notifications="none")
    with readers_of(site, stream, 1) as (servers, readers, steps):
        room = Reader(servers[0], "rooms/" + stream[5:], live=False)  # a StreamConsumer
        lags = []
        for number in range(5):
            began = time.monotonic()
            steps.publish(stream, number)
            readers[0].until(number)
            lags.append(time.monotonic() - began)
        steps.publish("room:" + stream[5:], BIG)
        room.until(BIG)
        room.socket.close()
        # By polling, not by chance: it takes half of the time between two looks on average.
        assert sum(lags) > 0.1
    assert "WARNING" not in servers[0].output(), servers[0].output()
    assert site.run("publish_once", stream, "alone") < 30
    assert "announced" not in site.stderr
