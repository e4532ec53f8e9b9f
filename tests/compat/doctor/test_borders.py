"""How much is too much: each finding just before its border, and at it."""

import os

import pytest

from compat.doctor import accounts, managed, nginx, processes, wire
from compat.doctor.findings import (
    bridge_twice,
    daphne_no_socket,
    pages_fail,
    redis_shared,
    stop_wait_short,
)
from compat.doctor.wire import Answer
from tests.compat.doctor.told import OURS, WHEEL, Site, daphne, found, uwsgi


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


def test_which_copy_of_the_bridge_stays():
    other = dict(OURS, listed=False)
    assert bridge_twice.change([OURS, WHEEL]).startswith("Keep compat: python -m django_bridge dea")
    assert bridge_twice.change([other, WHEEL]).startswith(
        "Keep django_bridge: delete /site/compat;"
    )


@pytest.mark.parametrize(
    "status, error, outside, location, said",
    [
        (200, "", 101, "", None),
        (404, "", 101, "", None),
        (400, "", 101, "", None),
        (499, "", 101, "", None),
        (500, "", 101, "", "The traceback"),
        (500, "", 502, "", "The traceback"),
        (502, "", 101, "", "nginx's error log"),
        (503, "", 101, "", "A page that says so"),
        (504, "", 101, "", "The log of uWSGI"),
        (0, "timed out", 101, "", "The log of uWSGI"),
        (0, "the connection was closed", 101, "", None),
        (502, "", 502, "", None),
        (502, "", 502, "proxy_pass http://127.0.0.1:1;", None),
        (502, "", 502, "uwsgi_pass 127.0.0.1:1;", "Start uWSGI"),
        (502, "", 101, "uwsgi_pass unix:/none/such;", "Start uWSGI"),
        (502, "", 0, "", None),
    ],
)
def test_a_home_page_that_fails(monkeypatch, status, error, outside, location, said):
    monkeypatch.setattr(wire, "get", lambda target, path: Answer(status, {}, error))
    hops, text = [], "http { server { listen 1; location / { %s } } }" % location
    site = Site(outside=outside, direct=101)
    if location:
        site.kept["nginxes"] = [nginx.Nginx(text)]
        (server,) = site.nginxes[0].servers
        hops = [nginx.Hop(server, nginx.location(server.block, "/"), ("127.0.0.1", 1), False)]
    monkeypatch.setattr(pages_fail.way, "of", lambda site, path: hops)
    told = list(pages_fail.look(site))
    assert [change[: len(said)] for _, change in told] == ([said] if said else [])


@pytest.mark.parametrize(
    "told, ends",
    [
        ("proxy_pass http://a:8001/x;", [("a", 8001)]),
        ("proxy_pass http://unix:/run/a.sock:/;", ["/run/a.sock"]),
        ("proxy_pass http://two;", [("127.0.0.1", 1), "/b"]),
        ("proxy_pass https://a;", []),
        ("uwsgi_pass a:3031;", [("a", 3031)]),
        ("uwsgi_pass uwsgi://localhost:3031;", [("127.0.0.1", 3031)]),
        ("uwsgi_pass unix:/run/a.sock;", ["/run/a.sock"]),
        ("uwsgi_pass unix:///run/a.sock;", ["///run/a.sock"]),
        ("uwsgi_pass two;", [("127.0.0.1", 1), "/b"]),
        ("uwsgi_pass $where;", []),
        ("return 200;", []),
    ],
)
def test_where_a_location_leads(told, ends):
    text = "http { upstream two { server localhost:1; server unix:/b; } server { %s } }" % told
    one = nginx.Nginx(text)
    (server,) = one.servers
    assert one.targets(server.block, "uwsgi_pass", "proxy_pass") == ends
    assert one.targets(server.block) == (ends if told.startswith("proxy") else [])


@pytest.mark.parametrize(
    "mode, folder, uid, gid, refused",
    [
        (0o600, 0o755, 0, 0, "path"),
        (0o660, 0o755, 0, 0, "path"),
        (0o660, 0o755, 0, None, ""),
        (0o600, 0o755, 0, None, "path"),
        (0o606, 0o755, 0, None, "path"),
        (0o606, 0o755, 0, 0, ""),
        (0o666, 0o750, 0, 0, "folder"),
        (0o666, 0o750, 0, None, ""),
        (0o600, 0o700, None, 0, ""),
        (0o400, 0o700, None, 0, "path"),
        (0o644, 0o755, 0, 0, "path"),
    ],
)
def test_whom_a_socket_lets_in(tmp_path, monkeypatch, mode, folder, uid, gid, refused):
    """None: the owner's uid, the group's gid; 0: another's."""
    path = tmp_path / "closed" / "s"
    path.parent.mkdir()
    path.write_bytes(b"")
    path.chmod(mode)
    seen, other = path.stat(), 4242
    path.parent.chmod(folder)
    groups = frozenset([seen.st_gid if gid is None else other])
    real = accounts._may
    # The folders above are closed to others where tests run.
    inside = {os.stat(str(one)).st_ino for one in (path, path.parent)}
    monkeypatch.setattr(
        accounts, "_may",
        lambda at, *words: real(at, *words) if at.st_ino in inside else True,
    )  # fmt: skip
    who = accounts.Account(4242, other, groups)
    if uid is None:
        monkeypatch.setattr(accounts.os, "stat", owned(4242))
    found = accounts.refuses(str(path), who)
    assert found == {"path": str(path), "folder": str(path.parent), "": ""}[refused]
    assert accounts.refuses(str(path), who._replace(uid=0)) == ""


def owned(uid):
    real = os.stat

    def stat(path):
        seen = list(real(path))
        return os.stat_result(seen[:4] + [uid] + seen[5:])

    return stat


@pytest.mark.parametrize(
    "url, listen, private",
    [
        ("https://www.example.org", "127.0.0.1:80", False),
        ("http://192.0.2.1", "127.0.0.1:80", False),
        ("http://localhost", "", True),
        ("http://127.0.0.2:8000", "127.0.0.1:80", True),
        ("http://127.0.0.1", "unix:/a", True),
        ("http://127.0.0.1", "[::1]:80", True),
        ("http://127.0.0.1", "80", False),
        ("http://127.0.0.1", "192.0.2.1:80", False),
        ("", "127.0.0.1:80", True),
        ("", "80", False),
        ("", "", False),
    ],
)
def test_whether_only_this_machine_gets_in(monkeypatch, url, listen, private):
    site = Site(daphne(debug=True), url=url)
    servers = nginx.Nginx("http { server { listen %s; } }" % listen).servers if listen else []
    hops = [nginx.Hop(one, one.block, one.listens[0][0], False) for one in servers]
    monkeypatch.setattr(pages_fail.way, "of", lambda site, path: hops)
    assert site.is_private is private
    assert bool(found("debug-on", site)) is not private
    assert len([one for one in site.looked if "DEBUG" in one]) == private
