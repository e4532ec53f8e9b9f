"""How much is too much: each finding just before its border, and at it."""

import pytest

from compat.doctor import managed, processes
from compat.doctor.findings import daphne_no_socket, redis_shared, stop_wait_short
from tests.compat.doctor.told import Site, daphne, found, uwsgi


def redis(**told):
    return daphne(redis=dict(told, run_id="a"))


def server(used, limit=10, **told):
    return {"default": dict({"server": ["h", "5432"], "used": used, "limit": limit, "direct": True,
                             "max_age": 0}, **told)}  # fmt: skip


def process(pid=5, *words, **environ):
    return processes.Process(
        pid, "daphne", ["python", "daphne", *words, "a:b"], environ, "/site", 0
    )


def told(name, *views, **seen):
    return found(name, Site(*views, **seen))


@pytest.mark.parametrize(
    "name, view, said",
    [
        ("redis-connections-full", redis(connected_clients=8, maxclients=10), []),
        ("redis-connections-full", redis(connected_clients=9, maxclients=10), ["9 of 10 conn"]),
        ("redis-connections-full", redis(maxclients=1), []),
        ("redis-connections-full", redis(connected_clients=9), []),
        ("redis-connections-full", daphne(errors={"layer": "max number of clients"}), ["max num"]),
        ("redis-refuses-writes", redis(used_memory=5, maxmemory_policy="noeviction"), []),
        ("redis-refuses-writes", redis(used_memory=97 << 10, maxmemory=100 << 10,
                                       maxmemory_policy="noeviction"), []),
        ("redis-refuses-writes", redis(used_memory=98 << 10, maxmemory=100 << 10,
                                       maxmemory_policy="noeviction"), ["98 of 100 kB"]),
        ("redis-refuses-writes", redis(used_memory=99 << 10, maxmemory=100 << 10,
                                       maxmemory_policy="allkeys-lru"), []),
        ("redis-refuses-writes", redis(role="master", rdb_last_bgsave_status="ok"), []),
        ("redis-refuses-writes", redis(role="slave"), ["it is a replica"]),
        ("redis-refuses-writes", redis(aof_last_write_status="err"), ["it could not save"]),
        ("redis-forbids", daphne(refused=["USER", []]), []),
        ("redis-forbids", daphne(refused=["site", ["+get", "~"]], prefix="x:"), ["+get ~x:*"]),
        ("redis-password-wrong", daphne(errors={"layer": "WRONGPASS no"}), ["WRONGPASS"]),
        ("redis-password-wrong", daphne(errors={"layer": "OSError: no"}), []),
        ("redis-tls", daphne(errors={"layer": "SSLError: x"}), ["): SSLError"]),
        ("redis-tls", daphne(errors={"layer": "OSError: x"}, speaks="tls"), ["wants TLS: OSErr"]),
        ("redis-tls", daphne(errors={"layer": "WRONGPASS no"}, speaks="tls"), []),
        ("layer-full", daphne(full=[]), []),
        ("layer-full", daphne(full=[["c", 7, 5]]), ["7 messages wait for the channel c, whi"]),
        ("database-connections", daphne(connections=server(8)), []),
        ("database-connections", daphne(connections=server(9)), ["default: 9 of 10 connections"]),
        ("database-connections", uwsgi(errors={"database a": "too many clients"}), ["e a: too"]),
    ],
)  # fmt: skip
def test_what_a_server_says(name, view, said):
    lines = told(name, view, view)  # of two processes of one server
    once = lines[:1] if view.facts.get("errors") or view.facts.get("refused") else lines
    assert len(once) == len(said) and all(part in line for part, line in zip(said, once)), lines


def test_how_many_connections_there_may_be():
    one = processes.Processes([process(), process(6)], [])
    for threads, age, said in (
        (5, 0, []),
        (6, 0, [""]),
        (6, 60, ["; CONN_MAX_AGE keeps them open"]),
    ):
        connections = server(1, max_age=age)
        views = (
            uwsgi(threads=99, connections=connections),
            daphne(threads=threads, connections=connections),
        )
        text = "2 daphne with 6 threads may open 12 connections, the database takes 10"
        assert told("database-connections", *views, processes=one) == [text + end for end in said]
    pooled = daphne(threads=99, connections=server(1, direct=False))
    assert told("database-connections", pooled, processes=one) == []


@pytest.mark.parametrize(
    "words, said",
    [
        ([], 0), (["--websocket_timeout", "-1"], 0), (["--websocket_timeout", "600"], 0),
        (["--websocket_timeout", "599"], 1), (["--websocket_timeout=0"], 1),
    ],
)  # fmt: skip
def test_how_long_a_socket_lives(words, said):
    site = {"processes": processes.Processes([process(5, *words)], [])}
    assert len(told("websocket-timeout-short", **site)) == said


@pytest.mark.parametrize(
    "words, expiry, said",
    [
        ([], 86400, 0), ([], 86399, 1), (["--websocket_timeout", "-1"], 86400, "for ever"),
        (["--websocket_timeout", "0"], 60, 0), ([], None, 0),
    ],
)  # fmt: skip
def test_how_long_a_group_remembers(words, expiry, said):
    site = {"processes": processes.Processes([process(5, *words)], [])}
    lines = told("group-expires", daphne(group_expiry=expiry, layer="x.Redis"), **site)
    assert len(lines) == bool(said) and (not said or str(said if said != 1 else 86399) in lines[0])


@pytest.mark.parametrize(
    "rule, said",
    [
        (("supervisor", 21.0, "TERM"), ""), (("supervisor", 20.0, "TERM"), "kills it after 20 s"),
        (("systemd", None, "INT"), ""), (("systemd", None, "KILL"), "with SIGKILL"), (None, ""),
    ],
)  # fmt: skip
def test_how_long_a_stop_may_take(monkeypatch, rule, said):
    asked = []

    def rules(one):
        asked.append(one.pid)
        return rule and managed.Rule(*rule)

    monkeypatch.setattr(managed, "rule", rules)
    environ = {"COMPAT_DRAIN_SECONDS": "20", "SUPERVISOR_SERVER_URL": "unix:///s"}
    pair = processes.Processes([process(5, **environ), process(6, **environ)], [])
    seen = list(stop_wait_short.look(Site(processes=pair)))
    assert len(seen) == (2 if said else 0) and asked == ([5, 6] if rule else [5])
    for text, change in seen:
        assert text.endswith(said) and "stopwaitsecs = 25 " in change
        assert "TimeoutStopSec=25," in change


def test_a_daphne_that_ends_while_it_is_looked_at(monkeypatch):
    def started(pid):
        raise ProcessLookupError

    monkeypatch.setattr(daphne_no_socket, "has_ended", lambda pid: False)
    monkeypatch.setattr(daphne_no_socket, "started", started)
    assert daphne_no_socket.is_young(5) is False


def test_who_shares_a_redis(monkeypatch):
    other = process(9)._replace(folder="/other")
    monkeypatch.setattr(processes, "elsewhere", lambda folder: [other])
    monkeypatch.setattr(processes, "ports", lambda pid: {4711})
    monkeypatch.setattr(redis_shared.views, "reached", lambda one, asked: [(other, places)])
    ours, theirs = ["sqlite", "", "", "/site/db"], ["sqlite", "", "", "/other/db"]
    good = uwsgi(redis={"clients": [4711]}, places=[ours])
    bad = uwsgi(errors={"layer": "OSError: no"})
    for views, places, said in (
        ([good], [theirs], 1), ([good, bad], [theirs], 1), ([bad, good], [theirs], 0),
        ([good], [ours], 0), ([uwsgi(places=[ours])], [theirs], 0),
        ([uwsgi(redis={"clients": [4712]}, places=[ours])], [theirs], 0),
    ):  # fmt: skip
        assert len(told("redis-shared", *views)) == said
