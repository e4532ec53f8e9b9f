"""Where publish may be called from, and what a channel layer in trouble does to it."""

import json

import pytest

from tests.support.servers import HOST, free_port

EVERYWHERE = [
    "plain", "thread", "running loop", "apublish", "apublish_many",
    "child os._exit", "child sys.exit", "parent",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["none", "memory", "redis"])
def test_publish_from_anywhere(make_site, sqlite_settings, stream, kind, request):
    layer = {"none": "", "memory": "memory"}.get(kind) or (
        request.getfixturevalue("layer") if kind == "redis" else ""
    )
    site = make_site(sqlite_settings, layer)
    assert site.run("publish_everywhere", stream) == [5, ["apublish_many"]]
    assert "could not be announced" not in site.stderr  # of that run: the next one has its own
    assert [body for _, body in site.run("everything", stream)] == EVERYWHERE


def test_redis_that_is_down_costs_a_log_line(make_site, sqlite_settings, stream):
    port = free_port()
    site = make_site(sqlite_settings, json.dumps([[HOST, port]]))
    ranges, errors = site.run("write", stream, 1, 20, 1)
    assert str(port) in site.stderr  # which Redis it is that is not there
    assert (len(ranges), errors) == (20, [])
    assert site.stderr.count("could not be announced") == 1
    assert "Traceback" not in site.stderr


def test_redis_that_hangs_does_not_hang_publishing(make_site, sqlite_settings, stream):
    import socket

    with socket.socket() as silent:
        silent.bind((HOST, 0))
        silent.listen(5)
        site = make_site(sqlite_settings, json.dumps([list(silent.getsockname())]))
        ranges, errors = site.run("write", stream, 1, 200, 1, timeout=60)
    assert (len(ranges), errors) == (200, [])
    assert "could not be announced: TookTooLong" in site.stderr


def test_redis_restarts_between_two_publishes(make_site, sqlite_settings, stream, redis, layer):
    site = make_site(sqlite_settings, layer)
    flag = redis.log + ".wait"
    open(flag, "w").close()
    process = site.spawn("publish_twice_around", stream, flag)
    while "published" not in process.stdout.readline():
        assert process.poll() is None
    redis.stop()
    redis.start()
    import os

    os.unlink(flag)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors[-3000:]
    assert json.loads(output.splitlines()[-1]) == [[1, "before"], [2, "after"]]
    # The stale connection was replaced within the same publish.
    assert "could not be announced" not in errors


def test_what_fails_after_the_commit_does_not_fail_the_publish(make_site, sqlite_settings, stream):
    seq, rows = make_site(sqlite_settings, "").run("listener_that_fails", stream)
    assert (seq, rows) == (1, [[1, 1]])


def test_numbers_that_cannot_be_counted_fail_nothing(make_site, sqlite_settings, stream, tmp_path):
    site = make_site(sqlite_settings, "", poll=3600, metrics=1)
    site.env["PROMETHEUS_MULTIPROC_DIR"] = str(tmp_path / "metrics")
    results = site.run("numbers_without_a_folder", stream)
    assert results == [1, [[1, 1]], [1, 1, 0]]
    assert site.stderr.count("metrics are not counted: FileNotFoundError") == 1
