"""What goes wrong once; polling is off where it would hide that by two seconds' lag."""

import json

import pytest

from tests.support.proxies import Losing
from tests.support.wait import wait_until


@pytest.fixture
def quiet(make_site, sqlite_settings):
    return make_site(sqlite_settings, "", poll=3600)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # MariaDB has no port here
@pytest.mark.parametrize("key", [None, "a key"], ids=["no-key", "key"])
def test_an_entry_whose_commit_was_not_answered_is_there_once(make_site, database, stream, key):
    with Losing(database["HOST"], int(database["PORT"]), b"COMMIT", 2) as proxy:
        site = make_site(dict(database, HOST="127.0.0.1", PORT=str(proxy.port)))
        said, rows = site.run("publish_and_lose_an_answer", stream, key)
    # With a key it is safe to ask again, and publish() does.
    assert said == "nothing" if key else said in ("OperationalError", "InterfaceError")
    assert rows == [[1, "before"], [2, "answer lost"]]


def test_heads_of_more_streams_than_one_query_takes(quiet, stream):
    assert quiet.run("heads_of_many", stream, 1100) == [[0, 500, 1000], True]


def test_what_is_committed_while_joining_is_not_missed(quiet, stream):
    assert quiet.run("committed_while_joining", stream) == ["meanwhile"]


def test_a_database_that_fails_is_asked_again(quiet, stream):
    assert quiet.run("database_fails_a_few_times", stream, 3) == [3, 3]


def test_a_slow_reader_that_makes_progress_is_given_time(make_site, sqlite_settings, stream):
    site = make_site(sqlite_settings, "", poll=3600, slow=0.6)
    assert site.run("slow_reader", stream, 2.5, True) == [[], 10]
    assert site.run("slow_reader", stream + "-stuck", 2.5, False) == [[4013], 0]


def test_heads_are_compared_when_something_was_missed(quiet, stream):
    assert quiet.run("told_that_something_was_missed", stream) == [[], ["missed"], 1]


def reader_of(site, stream, count):
    reader = site.spawn("follow_to", stream, count, 1)
    while "following" not in reader.stdout.readline():
        assert reader.poll() is None, reader.stderr.read()
    return reader


def test_what_nobody_announced_during_an_outage_is_found_at_its_end(
    make_site, sqlite_settings, stream, redis, layer
):
    reader = reader_of(make_site(sqlite_settings, layer, poll=3600), stream, 1)
    redis.stop()
    make_site(sqlite_settings, "").run("publish_once", stream, "unannounced")
    redis.start()
    output, errors = reader.communicate(timeout=60)
    assert reader.returncode == 0, errors[-3000:]
    assert json.loads(output.strip().splitlines()[-1])[0] == [1]


def test_a_group_that_forgot_us_is_joined_again(make_site, sqlite_settings, stream, redis, layer):
    site = make_site(sqlite_settings, layer, poll=0.3)
    # It joins groups again, too; but not every version of the layer has it.
    site.env["COMPAT_DISABLE"] = "channels_redis.group_membership"
    reader = reader_of(site, stream, 2)

    def groups():
        return redis.say("KEYS", "*group:streams.*")

    (group,) = wait_until(groups, what="its membership")
    redis.say("DEL", group.decode())
    make_site(sqlite_settings, "").run("publish_once", stream, "found by polling")
    assert wait_until(groups, 20, what="its membership") == [group]
    make_site(sqlite_settings, "").run("publish_once", stream, "the end")
    assert reader.wait(60) == 0, reader.stderr.read()
    reader.communicate()
