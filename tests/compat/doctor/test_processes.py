"""A real daphne whose clock, code, logs, limits or options are wrong in a way, each named first."""

import os
import re
import time

import pytest

from compat.doctor import examined, managed, report, wire
from compat.doctor.findings import clock_wrong, cookie_refused, log_not_rotated, memory_limit_near
from compat.doctor.views import look as ask
from tests.compat.doctor.kinds import PROCESSES, every_one
from tests.compat.doctor.stack import Files
from tests.support.redis import Redis
from tests.support.sites import site_packages

BROKEN = set()
PATH = "/ws/echo/"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    files = Files(tmp_path_factory.mktemp("processes"))
    redis = Redis(tmp_path_factory.mktemp("redis"))
    files.variables["REDIS_URL"] = redis.url
    with files.daphne() as files.server:
        files.url = "http://127.0.0.1:%d" % files.server.port
        files.process, files.views = asked(files)
        yield files
    redis.stop()


def asked(stack, **variables):
    """The daphne, and what it sees, or would see with other variables."""
    site = examined.Site(examined.Options(stack.site.folder))
    (one,) = [one for one in site.processes.found if one.pid == stack.server.process.pid]
    one = one._replace(environ=dict(one.environ, **variables))
    return one, [view for view in ask([one]) if view.kind]


def look(stack, views=None, process=None, host=None, path=PATH):
    """The findings; `host` is the name under which it is reached."""
    site = examined.Site(examined.Options(stack.site.folder, stack.url, path))
    if host:
        site.public = site.public._replace(host=host)
        site.origin = wire.origin(site.public)
    found = [process or stack.process]
    site.kept.update(views=views or stack.views, nginx=[])
    site.kept["processes"] = site.processes._replace(found=found)
    made = report.examine(site)
    assert made.remarks == []
    return [one for one in made.found if one.id != "static-missing"]  # nobody serves files here


def first(found, id):
    assert [one.id for one in found][:1] == [id], found
    BROKEN.add(id)
    return found[0]


def test_a_process_with_which_nothing_is_wrong(stack):
    assert look(stack) == []


def test_code_that_is_newer_than_the_process(stack):
    path = stack.path("tiny/routing.py")
    kept = os.stat(path)
    later = time.time() + 60
    os.utime(path, (later, later))
    try:
        one = first(look(stack, asked(stack)[1]), "code-older")
    finally:
        os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    assert one.observed.startswith("daphne (pid %d) was started at 20" % stack.process.pid)
    assert ", tiny/routing.py is of 20" in one.observed


def test_the_clock_of_redis(stack):
    """It is told by hand: no Redis has a clock of its own."""
    assert abs(stack.views[0].facts["redis"]["ahead"]) < clock_wrong.MOST
    views = [one._replace(facts=dict(one.facts, redis={"ahead": 75.2})) for one in stack.views]
    (one,) = look(stack, views)
    assert (one.id, one.observed) == ("clock-wrong", "Redis is 75 s ahead of this machine")


WRONG = {
    "SESSION_COOKIE_DOMAIN": ".other.example",
    "SESSION_COOKIE_SECURE": "1",
    "SESSION_COOKIE_PATH": "/shop",
    "CSRF_COOKIE_SAMESITE": "None",
    "CSRF_COOKIE_NAME": "__Host-csrf",
    "CSRF_COOKIE_DOMAIN": "site.example",
}
SAID = [
    "SESSION_COOKIE_DOMAIN is .other.example, which site.example is not in",
    "SESSION_COOKIE_SECURE is on, and site.example is served by http",
    "SESSION_COOKIE_PATH is /shop: it is not sent to /ws/echo/",
    'CSRF_COOKIE_SAMESITE is "None", which wants CSRF_COOKIE_SECURE',
    "a cookie named __Host-csrf has to be Secure, and is not",
    "a cookie named __Host-csrf may have no domain, and no path but /",
]
FINE = {
    "SESSION_COOKIE_DOMAIN": ".site.example",
    "SESSION_COOKIE_PATH": "/ws",
    "CSRF_COOKIE_SAMESITE": "Lax",
    "CSRF_COOKIE_PATH": "/shop",  # no WebSocket needs it
}


def test_cookies_that_a_browser_refuses(stack):
    found = look(stack, asked(stack, **WRONG)[1], host="site.example:80")
    first(found, "cookie-refused")
    assert [one.observed for one in found] == SAID
    assert found[1].change.endswith("or settings: SESSION_COOKIE_SECURE = False")


def test_cookies_that_a_browser_keeps(stack):
    views = asked(stack, **FINE)[1]
    for host in ("site.example", "site.example:8080"):
        assert look(stack, views, host=host) == []
    cookies = views[0].facts["cookies"]
    for host, said in (("www.site.example", 0), ("website.example", 1)):
        assert len(list(cookie_refused.wrong(cookies[0], host, False, PATH))) == said


def test_a_daphne_with_other_packages(stack, tmp_path):
    site_packages.write(tmp_path, {"msgpack": "0.5.0"})
    paths = os.pathsep.join([str(tmp_path), stack.site.environment["PYTHONPATH"]])
    views = stack.views + asked(stack, PYTHONPATH=paths)[1]
    one = first(look(stack, views), "packages-differ")
    assert re.match(r"msgpack: daphne \(pid \d+\) has 0.5.0, daphne \(pid \d+\) has ", one.observed)


def test_a_socket_that_outlives_its_groups(stack):
    views = asked(stack, GROUP_EXPIRY="3600")[1]
    one = first(look(stack, views), "group-expires")
    assert one.observed == "group_expiry is 3600 s, and %s lets sockets live 86400 s" % (
        str(stack.process),
    )


def test_sockets_that_end_soon(stack):
    """Its log is deleted, too."""
    with stack.daphne(words=["--websocket_timeout", "60"]) as server:
        site = examined.Site(examined.Options(stack.site.folder))
        (other,) = [one for one in site.processes.found if one.pid == server.process.pid]
        one = first(look(stack, process=other), "websocket-timeout-short")
        os.remove(server.log)
        found = look(stack, process=other)
    assert one.observed == "daphne (pid %d) has --websocket_timeout 60" % server.process.pid
    assert [one.id for one in found] == ["websocket-timeout-short", "log-not-rotated"]
    assert found[1].observed.endswith(" writes %s, which was deleted (0 MB)" % server.log)
    assert found[1].change.startswith("Restart that process")


@pytest.fixture
def log(stack):
    """Of the daphne, as whoever started it opened it; large for this test."""
    with open(stack.server.log, "ab") as file:
        before = file.tell()
        file.write(b"x" * 100000)
    yield stack.server.log
    with open(stack.server.log, "ab") as file:
        file.truncate(before)


def test_a_log_that_nobody_rotates(stack, log, tmp_path, monkeypatch):
    assert look(stack) == []
    monkeypatch.setattr(log_not_rotated, "LARGE", 1 << 16)
    monkeypatch.setattr(log_not_rotated, "ROTATES", (str(tmp_path / "*.conf"),))
    one = first(look(stack), "log-not-rotated")
    assert one.observed == log + " has 0 MB, and no logrotate file names it"
    (tmp_path / "site.conf").write_text(
        "# /x {\n'%s/*.log' /y {\n  weekly\n}\n" % os.path.dirname(log)
    )
    assert look(stack) == []
    (tmp_path / "site.conf").unlink()
    assert len(look(stack)) == 1
    open(log + ".1", "w").close()
    assert look(stack) == []  # somebody rotates it
    os.remove(log + ".1")


def test_a_unix_socket_where_daphne_wants_tcp(stack, tmp_path):
    with stack.adopting(str(tmp_path / "s")) as pid:
        site = examined.Site(examined.Options(stack.site.folder))
        (other,) = [one for one in site.processes.found if one.pid == pid]
        one = first(look(stack, process=other), "daphne-fd-unix")
    assert one.observed.endswith(" has --fd 0, which is the unix socket %s" % (tmp_path / "s"))


@pytest.mark.parametrize(
    "row, files",
    [
        ("0::/site/daphne", ("memory.max", "memory.current", "inactive_file", "site")),
        ("5:cpu,memory:/site/daphne", (
            "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", "memory/site"
        )),
    ],
)  # fmt: skip
def test_the_memory_of_a_container(stack, tmp_path, monkeypatch, row, files):
    """The process is real; its kernel's files are told, since a limit that is near ends it."""
    limit, used, cache, folder = files
    place, process = tmp_path / "sys/fs/cgroup" / folder, tmp_path / "proc" / str(stack.process.pid)
    place.mkdir(parents=True)
    process.mkdir(parents=True)
    (process / "cgroup").write_text("3:freezer:/\n%s\n" % row)
    (place / limit).write_text("100000000\n")
    (place / used).write_text("99000000\n")
    (place / "memory.stat").write_text("%s 50000000\n" % cache)
    monkeypatch.setattr(memory_limit_near, "ROOT", str(tmp_path))
    assert look(stack) == []  # half of it is cache, which can go
    (place / "memory.stat").write_text("%s 1000000\n" % cache)
    one = first(look(stack), "memory-limit-near")
    assert one.observed.endswith(": 93 of 95 MB are used in /sys/fs/cgroup/" + folder)
    (place / limit).write_text("max\n")
    assert look(stack) == []


def test_what_systemd_says():
    """Without a systemd on this machine, its words are told; LoadState is that of a unit it has."""
    said = "TimeoutStopUSec=1min 30s\nKillSignal=15\nLoadState=loaded\n"
    assert managed.shown(said) == managed.Rule("systemd", 90, "TERM")
    assert managed.shown(said.replace("1min 30s", "500ms")).seconds == 0.5
    assert managed.shown(said.replace("1min 30s", "infinity")).seconds is None
    assert managed.shown(said.replace("=15", "=9")).signal == "KILL"
    for wrong in (said.replace("loaded", "not-found"), said.replace("1min 30s", "soon"), ""):
        assert managed.shown(wrong) is None


def test_each_was_broken(request):
    every_one(request, BROKEN, PROCESSES)
