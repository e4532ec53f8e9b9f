"""A real daphne with a real Redis and PostgreSQL that are broken in each way, and mended again."""

import contextlib
import json
import os
import socket
from types import SimpleNamespace

import pytest
import websocket

from compat.doctor import examined, processes, report, seen_redis
from compat.doctor.findings import redis_tls
from compat.doctor.views import View
from compat.doctor.views import look as ask
from tests.compat.doctor.kinds import every_one, first
from tests.compat.doctor.stack import Files
from tests.support.probe import probe
from tests.support.redis import Redis, RedisError
from tests.support.servers import free_port
from tests.support.wait import wait_until

SECRET = "of this test"


@pytest.fixture(scope="module")
def stack(tmp_path_factory, certificate):
    """.redis, .site; its daphne has an account of its own there."""
    files = Files(tmp_path_factory.mktemp("servers"))
    folder = tmp_path_factory.mktemp("redis")
    files.tls = free_port()
    words = ["--dbfilename", "data", "--tls-port", str(files.tls), "--tls-auth-clients", "no"]
    words += ["--tls-cert-file", certificate[0], "--tls-key-file", certificate[1]]
    words += ["--tls-ca-cert-file", certificate[0]]
    try:
        redis = Redis(folder, *words)
    except AssertionError:  # made without TLS
        files.tls = None
        redis = Redis(folder, *words[:2])
    files.redis = redis
    redis.say("ACL", "SETUSER", "site", "on", ">" + SECRET.replace(" ", "-"), "~*", "&*", "+@all")
    files.variables["REDIS_URL"] = "redis://site:%s@127.0.0.1:%d/0" % (
        SECRET.replace(" ", "-"),
        redis.port,
    )
    with files.daphne() as files.server:
        yield files
    redis.stop()


def look(stack, server=None, **variables):
    """The findings; with variables, the daphne is asked as if it had them."""
    site = examined.Site(examined.Options(stack.site.folder))
    pid = (server or stack.server).process.pid
    (one,) = [one for one in site.processes.found if one.pid == pid]
    one = one._replace(environ=dict(one.environ, **variables))
    site.kept["processes"] = site.processes._replace(found=[one])
    views = [view for view in ask([one]) if view.kind]
    site.kept["views"] = views
    found = report.examine(site)
    assert found.remarks == ["nothing was looked at from outside: --url https://www.example.org"]
    return [one for one in found.found if one.id != "not-migrated"]  # new databases, as a rule


def test_servers_on_which_nothing_is_wrong(stack):
    assert look(stack) == []


def test_a_site_that_wants_no_redis(stack):
    alone = {"REDIS_URL": "redis://127.0.0.1:%d/0" % free_port()}
    assert look(stack, LAYER="none", NOTIFICATIONS="none", **alone) == []


def test_a_password_that_is_wrong(stack):
    stack.redis.say("ACL", "SETUSER", "site", "resetpass", ">another")
    try:
        one = first(look(stack), "redis-password-wrong")
    finally:
        stack.redis.say("ACL", "SETUSER", "site", "resetpass", ">" + SECRET.replace(" ", "-"))
    assert "WRONGPASS" in one.observed and "%40" in one.change


@pytest.mark.parametrize(
    "layer, taken, lacks, raised",
    [
        ("lists", ["-eval"], "+eval", False),
        ("lists", ["-zadd", "-brpop"], "+brpop +zadd", True),
        ("lists", ["resetkeys", "~other:*"], "~asgi:*", True),
        ("pubsub", ["resetchannels"], "&asgi:*", True),
    ],
)
def test_an_account_without_rights(stack, layer, taken, lacks, raised):
    stack.redis.say("ACL", "SETUSER", "site", *taken)
    try:
        one = first(look(stack, LAYER=layer), "redis-forbids")
    finally:
        stack.redis.say("ACL", "SETUSER", "site", "resetkeys", "~*", "resetchannels", "&*", "+@all")
    assert one.change.startswith("redis-cli ACL SETUSER site %s, then" % lacks)
    assert ("NOPERM" in one.observed) is raised
    assert stack.redis.say("KEYS", "*doctor-*") == []


def test_tls_on_one_side_only(stack):
    if stack.tls is None:
        pytest.skip("this Redis was made without TLS")
    url = stack.variables["REDIS_URL"]
    plain = url.replace(str(stack.redis.port), str(stack.tls))
    with stack.daphne(REDIS_URL=plain) as server:
        one = first(look(stack, server), "redis-tls")
    assert "speaks plainly, Redis wants TLS" in one.observed
    one = first(look(stack, REDIS_URL=plain.replace("redis:", "rediss:")), "redis-tls")
    assert "certificate" in one.observed.lower()
    # Here both wait for the other: the process gives up after six seconds, which are not spent.
    for address, found in (
        (url, None), (plain, "tls"), (url.replace("redis:", "rediss:"), "plain"),
        (plain.replace("redis:", "rediss:"), None),
    ):  # fmt: skip
        assert seen_redis.speaks(SimpleNamespace(hosts=[{"address": address}])) == found
    facts = {"errors": {"layer": "TimeoutError: no answer"}, "speaks": "plain"}
    (one,) = redis_tls.look(SimpleNamespace(views=[View("daphne", "daphne", facts)]))
    assert one == "daphne speaks TLS, Redis does not: TimeoutError: no answer"


def test_hardly_a_connection_is_left(stack):
    before = stack.redis.say("CONFIG", "GET", "maxclients")[1].decode()
    with contextlib.ExitStack() as opened:
        for _ in range(30):
            opened.enter_context(socket.create_connection(("127.0.0.1", stack.redis.port)))
        wait_until(lambda: b"connected_clients:31" in stack.redis.say("INFO", "clients"))
        try:
            stack.redis.say("CONFIG", "SET", "maxclients", 34)
            one = first(look(stack), "redis-connections-full")
            assert one.observed.endswith(" of 34 connections are taken (maxclients)")
            stack.redis.say("CONFIG", "SET", "maxclients", 30)
            one = first(look(stack), "redis-connections-full")
            assert "max number of clients" in one.observed
        finally:
            opened.close()
            wait_until(lambda: set_back(stack, before))


def set_back(stack, number):
    with contextlib.suppress(RedisError, OSError):
        stack.redis.say("CONFIG", "SET", "maxclients", number)
        return True


def test_a_redis_that_evicts(stack):
    stack.redis.say("CONFIG", "SET", "maxmemory", "64mb")
    stack.redis.say("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try:
        one = first(look(stack), "redis-evicts")
    finally:
        stack.redis.say("CONFIG", "SET", "maxmemory-policy", "noeviction")
        stack.redis.say("CONFIG", "SET", "maxmemory", "0")
    assert one.observed == "maxmemory-policy is allkeys-lru" and look(stack) == []


def test_a_redis_that_is_full(stack):
    stack.redis.say("CONFIG", "SET", "maxmemory", "100kb")
    try:
        one = first(look(stack), "redis-refuses-writes")
    finally:
        stack.redis.say("CONFIG", "SET", "maxmemory", "0")
    assert "OOM" in one.observed or "maxmemory" in one.observed
    assert "a larger maxmemory" in one.change


def test_a_redis_that_cannot_save(stack):
    stack.redis.say("CONFIG", "SET", "save", "3600 1")
    data = os.path.join(stack.redis.folder, "data")
    os.mkdir(data)  # where the file would be
    try:
        stack.redis.say("SET", "x", "1")
        with pytest.raises(RedisError):
            stack.redis.say("SAVE")
        stack.redis.say("BGSAVE")
        wait_until(lambda: b"rdb_bgsave_in_progress:0" in stack.redis.say("INFO", "persistence"))
        one = first(look(stack), "redis-refuses-writes")
    finally:
        os.rmdir(data)
        stack.redis.say("CONFIG", "SET", "save", "")
        stack.redis.say("SAVE")
    assert 'save ""' in one.change


def test_a_replica(stack):
    stack.redis.say("REPLICAOF", "127.0.0.1", free_port())
    try:
        one = first(look(stack), "redis-refuses-writes")
    finally:
        stack.redis.say("REPLICAOF", "NO", "ONE")
    assert "the master's address" in one.change


FULL = """
import asyncio, os
from channels.exceptions import ChannelFull
from channels_redis.core import RedisChannelLayer
layer = RedisChannelLayer([os.environ["REDIS_URL"]])

async def fill():
    for number in range(1000):
        try:
            await layer.send("specific.Nobody!reads", {"type": "x", "number": number})
        except ChannelFull:
            return print(number)

asyncio.get_event_loop().run_until_complete(fill())
"""


def test_a_channel_that_takes_no_more(stack):
    assert probe(FULL, env={"REDIS_URL": stack.variables["REDIS_URL"]}).said == "100"
    try:
        one = first(look(stack), "layer-full")
    finally:
        stack.redis.say("DEL", "asgi:specific.Nobody!")
    assert one.observed == "100 messages wait for the channel specific.Nobody!, which takes 100"
    assert '"capacity": 1000 ' in one.change


def test_another_site_in_the_same_redis(stack, tmp_path):
    """It has an open socket, and with it a connection to Redis that waits for messages."""
    other = Files(tmp_path)
    other.variables.update(stack.variables)
    with other.daphne() as server:
        echo = websocket.create_connection(
            "ws://127.0.0.1:%d/ws/echo/" % server.port, origin="http://127.0.0.1:%d" % server.port
        )
        echo.recv()
        wait_until(lambda: processes.ports(server.process.pid))
        one = first(look(stack), "redis-shared")
        assert one.observed == "a message to a group reached daphne (pid %d) of %s, too" % (
            server.process.pid,
            os.path.realpath(other.site.folder),
        )
        echo.close()
    # A release in another folder has the same database: it is the same site.
    other.variables["DATABASE"] = stack.path("db.sqlite3")
    with other.daphne() as server:
        echo = websocket.create_connection(
            "ws://127.0.0.1:%d/ws/echo/" % server.port, origin="http://127.0.0.1:%d" % server.port
        )
        echo.recv()
        wait_until(lambda: processes.ports(server.process.pid))
        assert look(stack) == []
        echo.close()


def test_more_threads_than_the_database_has_connections(stack, postgresql):
    made = {"DATABASE_JSON": json.dumps(postgresql.new_database())}
    assert look(stack, ASGI_THREADS="4", **made) == []
    with stack.daphne(ASGI_THREADS="200", **made) as server:
        one = first(look(stack, server), "database-connections")
    assert one.observed.startswith(
        "1 daphne with 200 threads may open 200 connections, the database"
    )


def test_a_pooler_that_keeps_notifications(stack, postgresql, pooled):
    """One in transaction mode."""
    direct = postgresql.new_database()
    words = {"LAYER": "none", "NOTIFICATIONS": "postgresql", "ASGI_THREADS": "4"}
    with stack.daphne(DATABASE_JSON=json.dumps(pooled(direct, "transaction")), **words) as server:
        one = first(look(stack, server), "notifications-not-heard")
    assert one.observed.endswith(": a NOTIFY does not reach a connection that has said LISTEN")
    assert look(stack, DATABASE_JSON=json.dumps(direct), **words) == []


MARIADB = """
import json, os, pymysql, runpy
pymysql.install_as_MySQLdb()
from django.conf import settings
settings.configure(DATABASES={"default": json.loads(os.environ["DATABASE"])})
import django
django.setup()
facts = {"errors": {}}
runpy.run_path("compat/doctor/seen.py", run_name="seen")["databases"](facts)
print(json.dumps(facts))
"""


def test_the_connections_of_mariadb(mariadb):
    made = mariadb.new_database()
    facts = json.loads(probe(MARIADB, env={"DATABASE": json.dumps(made)}).said)
    told = facts["connections"]["default"]
    assert facts["errors"] == {} and told["used"] >= 1 and told["limit"] > 100
    assert told["server"][0] == made["HOST"] and told["direct"] is True


def test_all_connections_of_mariadb_are_taken(stack, mariadb):
    made = mariadb.new_database()
    variables = {"DATABASE_JSON": json.dumps(made), "ASGI_THREADS": "4"}
    assert look(stack, **variables) == []
    one = first(look(stack, **dict(variables, ASGI_THREADS="4000")), "database-connections")
    assert one.observed.startswith(
        "1 daphne with 4000 threads may open 4000 connections, the database takes "
    )


def test_all_connections_are_taken(stack, postgresql):
    made = postgresql.new_database()
    words = {"host": made["HOST"], "port": made["PORT"], "user": "tests", "dbname": made["NAME"]}
    with contextlib.ExitStack() as opened:
        for _ in range(90):
            opened.callback(postgresql.driver.connect(**words).close)
        variables = {"DATABASE_JSON": json.dumps(made), "ASGI_THREADS": "4"}
        one = first(look(stack, **variables), "database-connections")
        assert " of 97 connections are open" in one.observed
        with pytest.raises(postgresql.driver.OperationalError):
            for _ in range(20):
                opened.callback(postgresql.driver.connect(**words).close)
        one = first(look(stack, **variables), "database-connections")
        assert "FATAL" in one.observed


def test_each_was_broken(request):
    every_one(request)
