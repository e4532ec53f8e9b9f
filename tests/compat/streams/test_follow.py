"""Followers and their hub, without sockets: order, resuming, what is lost, what is left behind."""

import json

import pytest

from tests.support.servers import HOST, free_port
from tests.support.wait import wait_until


@pytest.fixture
def quiet(make_site, sqlite_settings):
    """A site without a channel layer whose poll never comes: only notifications in the process."""
    return make_site(sqlite_settings, "", poll=3600)


def test_resume_from_anywhere(make_site, database, stream):
    results = make_site(database, "", poll=3600).run("resume", stream)
    assert results == [
        [0, 1200, 1201, 1200],
        [1, 1199, 1201, 1200],
        [700, 500, 1201, 1200],
        [1200, 0, None, 1200],
        [-1, 0, None, 1200],
        "since=1201 is beyond the last entry, which is 1200",
    ]


@pytest.mark.parametrize("layer", ["", "memory"], ids=["no-layer", "memory"])
def test_live_entries(make_site, sqlite_settings, stream, layer):
    site = make_site(sqlite_settings, layer, poll=3600)
    # "live" is said once, and never to plain readers.
    assert site.run("live_entries", stream, 20) == [1, 1, 0]


def test_trimmed_history(quiet, stream):
    results = quiet.run("trimmed", stream)
    assert results == ["gap", 900, 101, 50, {"type": "gap", "stream": stream, "oldest": 1001}, 1002]


def test_shuffled_notifications(quiet, stream):
    counts, last = quiet.run("shuffled_notifications", stream, 6)
    assert counts == [last] * 3
    assert last > 1000


def test_entries_that_were_committed_before_their_notification(quiet, stream):
    # 87 of them fit a frame: the second one begins beyond what the first notification told of.
    assert quiet.run("committed_while_reading", stream) == [1, 88, 175]


def test_readers_share_reads_and_threads(quiet, stream):
    reads, threads = quiet.run("many_readers", stream, 1000)
    assert reads <= 30
    assert threads <= 4


def test_leaving_leaves_nothing(make_site, sqlite_settings, stream, layer):
    groups, clients = make_site(sqlite_settings, layer).run("follow_and_leave", stream, 10)
    assert groups == []
    # The layer's three, one that publishes, and the one that asks.
    assert clients <= 5


def test_leaving_while_redis_is_down(make_site, sqlite_settings, stream):
    site = make_site(sqlite_settings, json.dumps([[HOST, free_port()]]), poll=0.2)
    assert site.run("live_entries", stream, 5) == [1, 1, 0]
    assert site.stderr.count("Redis is away") == 1


def test_a_stuck_reader_is_closed(make_site, sqlite_settings, stream):
    site = make_site(sqlite_settings, "", slow=0.5)
    assert site.run("stuck_reader", stream) == [[4013], 0, True]


def test_lines_are_written_directly_and_framed_once(quiet, stream):
    assert quiet.run("written_directly", stream) == [[True] * 4, [None, None]]


def test_notifications_that_come_together_make_one_frame(quiet, stream):
    frames, kept, rested = quiet.run("coalesced", stream, 400)
    assert (frames, kept) == (1, 400)
    # Nobody is behind: most of it is given back.
    assert rested <= 200


def test_a_layer_that_hangs_holds_up_one_join_at_most(make_site, sqlite_settings, stream):
    import socket

    with socket.socket() as silent:
        silent.bind((HOST, 0))
        silent.listen(50)
        site = make_site(sqlite_settings, json.dumps([list(silent.getsockname())]), poll=0.5)
        alone = site.run("follow_many_streams", stream + "alone", 1)
        assert site.run("follow_many_streams", stream, 4) < 2 * alone + 1


def test_a_failing_reader_harms_nobody(quiet, stream):
    gone, codes, frames = quiet.run("failing_reader", stream)
    # It is closed: a connection that looks alive would never be made anew.
    assert (gone, codes) == (True, [1012])
    assert frames == [{"message": "2"}, {"message": "5"}]


HISTORIES = {
    "back": [0, 1, 2, "next"],
    "deleted": ["next"],
    "anew": ["anew"] * 12 + ["next"],
    "command": list(range(10)) + ["next"],
}


@pytest.mark.parametrize("way", list(HISTORIES))
def test_readers_start_over_in_another_history(make_site, database, stream, way):
    site = make_site(database, "", poll=0.1, beat=0)  # a slow machine would have some
    entries, old, plain, resets = site.run("another_history", stream, way)
    assert entries == HISTORIES[way]
    assert old == [4409]  # it comes back and reads it all
    assert plain == [{"message": "next"}]
    assert resets == 1


def test_a_stream_without_an_epoch_gets_one_unnoticed(make_site, sqlite_settings, stream):
    site = make_site(sqlite_settings, "", poll=0.1, beat=0)
    assert site.run("histories_of_before", stream) == [[True, True], ["live", "entries"]]


def test_a_loop_closed_without_goodbye(quiet, stream):
    assert quiet.run("abandoned_loop", stream) == [1, 1, 0]


def test_lost_notifications_are_found_by_polling(make_site, sqlite_settings, stream, layer):
    reader = make_site(sqlite_settings, layer, poll=0.3).spawn("follow_to", stream, 1000, 3)
    while "following" not in reader.stdout.readline():
        assert reader.poll() is None, reader.stderr.read()
    # This process knows no layer: it writes to the log and notifies nobody.
    make_site(sqlite_settings, "").run("publish_bulk", stream, 1000, 10)
    output, errors = reader.communicate(timeout=60)
    assert reader.returncode == 0, errors[-3000:]
    counts, seconds = json.loads(output.strip().splitlines()[-1])
    assert counts == [1000] * 3


def test_notifications_across_processes_without_polling(make_site, sqlite_settings, stream, layer):
    """Notifications alone deliver, more of them at once than the layer's capacity of 100."""
    site = make_site(sqlite_settings, layer, poll=3600)
    readers = [site.spawn("follow_to", stream, 300, 2) for _ in range(2)]
    for reader in readers:
        while "following" not in reader.stdout.readline():
            assert reader.poll() is None, reader.stderr.read()
    site.run("write", stream, 3, 100, 1)
    for reader in readers:
        output, errors = reader.communicate(timeout=60)
        assert reader.returncode == 0, errors[-3000:]
        assert json.loads(output.strip().splitlines()[-1])[0] == [300, 300]


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGKILL"])
def test_redis_restarts_while_following(make_site, sqlite_settings, stream, redis, layer, signal):
    import signal as signals

    site = make_site(sqlite_settings, layer, poll=1)
    reader = site.spawn("follow_to", stream, 300, 2)
    while "following" not in reader.stdout.readline():
        assert reader.poll() is None, reader.stderr.read()
    writer = site.spawn("publish_slowly", stream, 300, 0.01)
    for _ in range(2):
        redis.stop(getattr(signals, signal))
        redis.start()
    assert writer.wait(60) == 0, writer.stderr.read()
    output, errors = reader.communicate(timeout=60)
    assert reader.returncode == 0, errors[-3000:]
    assert json.loads(output.strip().splitlines()[-1])[0] == [300, 300]
    assert "Task was destroyed" not in errors
    assert "Traceback" not in errors


def test_notifications_come_again_after_a_restart(make_site, sqlite_settings, stream, redis, layer):
    """After Redis lost its groups they are joined again, without waiting for the poll."""
    site = make_site(sqlite_settings, layer, poll=3600)
    reader = site.spawn("follow_to", stream, 2, 1)
    while "following" not in reader.stdout.readline():
        assert reader.poll() is None, reader.stderr.read()
    redis.stop()
    redis.start()
    wait_until(lambda: redis.say("KEYS", "*group*"), what="the group in Redis")
    site.run("publish_bulk", stream, 2, 10)
    output, errors = reader.communicate(timeout=60)
    assert reader.returncode == 0, errors[-3000:]
    assert json.loads(output.strip().splitlines()[-1])[0] == [2]
