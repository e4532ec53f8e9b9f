"""Sites whose PostgreSQL is behind a pooler: a real PgBouncer, real daphnes."""

import json

import pytest

from tests.compat.streams.without_redis import BIG, readers_of
from tests.support.wait import wait_until

DEAF = "entries are found by polling, and PostgreSQL has told of none"


def test_transaction_mode_tells_nobody_and_loses_nothing(
    make_site, pooled, postgresql_settings, stream
):
    settings = pooled(postgresql_settings, "transaction")
    site = make_site(settings, poll=0.2, notifications="postgresql")
    with readers_of(site, stream, 2) as (servers, readers, steps):
        for number in range(4):
            steps.publish(stream, number)
            for reader in readers:
                assert reader.until(number) == list(range(number + 1))
        steps("publish_many", stream, list(range(4, 2000)) + [BIG])
        for reader in readers:
            assert reader.until(BIG) == list(range(2000)) + [BIG]
        for server in servers:
            wait_until(lambda server=server: DEAF in server.output(), what="a warning")
    for server in servers:
        (line,) = [line for line in server.output().splitlines() if "WARNING" in line]
        assert "as pgbouncer in transaction mode does" in line
        assert "STREAMS_NOTIFICATIONS_DATABASE" in line


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_who_listens_to_the_server_itself_is_told(
    make_site, pooled, postgresql_settings, stream, mode
):
    settings, direct = pooled(postgresql_settings, mode), {}
    if mode == "transaction":
        direct = {"direct": json.dumps(postgresql_settings)}
    # With a poll in an hour, whatever comes was told of.
    site = make_site(settings, poll=3600, notifications="postgresql", **direct)
    with readers_of(site, stream, 2) as (servers, readers, steps):
        for body in ("one", BIG, "three"):
            steps.publish(stream, body)
            for reader in readers:
                reader.until(body)
    assert not [server for server in servers if "WARNING" in server.output()]


def test_the_log_needs_no_connection_of_its_own(make_site, pooled, postgresql_settings, stream):
    """In transaction mode each transaction may have another one."""
    site = make_site(pooled(postgresql_settings, "transaction"))
    writers = [site.spawn("write", stream, 4, 10, 5, False) for _ in range(3)]
    for writer in writers:
        output, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors[-3000:]
        assert json.loads(output.strip().splitlines()[-1])[1] == []
    assert [seq for seq, _ in site.run("everything", stream)] == list(range(1, 601))
    assert site.run("outer_transaction", stream + "o")[0] == [0, 0]
    assert site.run("repeated", stream + "r")[0][:3] == [1, 1, 2]
