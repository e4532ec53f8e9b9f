"""A real daphne whose clock, code, logs, limits or options are wrong in a way, each named first."""

import contextlib
import os
import re
import time

import pytest

from compat.doctor import examined, managed, report, wire
from compat.doctor.findings import clock_wrong, cookie_refused, log_not_rotated, memory_limit_near
from compat.doctor.views import look as ask
from tests.compat.doctor.kinds import every_one, first
from tests.compat.doctor.stack import Files
from tests.support import clock
from tests.support.fixtures import or_skip
from tests.support.redis import Redis
from tests.support.wait import wait_until

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


def process_of(stack, pid):
    site = examined.Site(examined.Options(stack.site.folder))
    (one,) = [one for one in site.processes.found if one.pid == pid]
    return one


def asked(stack, server=None):
    """A daphne, and what it sees."""
    one = process_of(stack, (server or stack.server).process.pid)
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


def test_the_clock_of_redis(stack, tmp_path, monkeypatch):
    assert abs(stack.views[0].facts["redis"]["ahead"]) < clock_wrong.MOST
    (variable,) = or_skip(lambda: clock.ahead(tmp_path, 75)).items()
    with monkeypatch.context() as wrong:
        wrong.setenv(*variable)
        redis = Redis(tmp_path)
    try:
        with stack.daphne(REDIS_URL=redis.url) as server:
            process, views = asked(stack, server)
            one = first(look(stack, views, process), "clock-wrong")
    finally:
        redis.stop()
    assert re.match(r"Redis is 7[45] s ahead of this machine$", one.observed)


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
    """The log of this daphne is deleted, too."""
    with stack.daphne(**WRONG) as server:
        process, views = asked(stack, server)
        found = look(stack, views, process, host="site.example:80")
        os.remove(server.log)
        later = look(stack, views, process, host="site.example:80")
    first(found, "cookie-refused")
    assert [one.observed for one in found] == SAID
    assert found[1].change.endswith("or settings: SESSION_COOKIE_SECURE = False")
    one = first(later, "log-not-rotated")
    assert one.observed.endswith(" writes %s, which was deleted (0 MB)" % server.log)
    assert one.change.startswith("Restart that process") and later[1:] == found


def test_cookies_that_a_browser_keeps(stack):
    with stack.daphne(GROUP_EXPIRY="86400", **FINE) as server:
        process, views = asked(stack, server)
        for host in ("site.example", "site.example:8080"):
            assert look(stack, views, process, host=host) == []
    cookies = views[0].facts["cookies"]
    for host, said in (("www.site.example", 0), ("website.example", 1)):
        assert len(list(cookie_refused.wrong(cookies[0], host, False, PATH))) == said


def test_a_socket_that_outlives_its_groups(stack):
    with stack.daphne(GROUP_EXPIRY="3600") as server:
        process, views = asked(stack, server)
        one = first(look(stack, views, process), "group-expires")
    text = "group_expiry is 3600 s, and %s lets sockets live 86400 s"
    assert one.observed == text % (process,)


def test_sockets_that_end_soon(stack):
    with stack.daphne(words=["--websocket_timeout", "60"]) as server:
        process = process_of(stack, server.process.pid)
        one = first(look(stack, process=process), "websocket-timeout-short")
    assert one.observed == "%s has --websocket_timeout 60" % (process,)


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
    (tmp_path / "dark.conf").mkdir()  # one that cannot be read may name it
    assert look(stack) == []


def test_a_unix_socket_where_daphne_wants_tcp(stack, tmp_path):
    with stack.adopting(str(tmp_path / "s")) as pid:
        one = first(look(stack, process=process_of(stack, pid)), "daphne-fd-unix")
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
    """As the kernel's files say it in both of their forms; a real group has one of them."""
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
    (one,) = look(stack)
    assert one.id == "memory-limit-near"
    assert one.observed.endswith(": 93 of 95 MB are used in /sys/fs/cgroup/" + folder)
    (place / limit).write_text("max\n")
    assert look(stack) == []


@pytest.fixture
def cgroup():
    """cgroup(controller, name): the folder of a new group of the kernel's."""
    made = []

    def make(controller, name):
        old = os.path.join("/sys/fs/cgroup", controller)
        folder = os.path.join(old if os.path.isdir(old) else "/sys/fs/cgroup", name)
        try:
            os.mkdir(folder)
            made.append(folder)
            files = os.listdir(folder)
        except OSError as error:
            pytest.skip("no control group can be made here: %s" % error)
        if controller == "memory" and not {"memory.max", "memory.limit_in_bytes"} & set(files):
            pytest.skip("the control groups here have no limit of memory")
        return folder

    yield make
    for folder in made:
        wait_until(lambda: remove(folder))  # noqa: B023


def remove(folder):
    """Whether the group is gone; a process that has just ended is in it for a moment."""
    with contextlib.suppress(OSError):
        os.rmdir(folder)
    return not os.path.exists(folder)


def joined(folder):
    """Options of a process that belongs to a group from its start."""

    def join():
        with open(os.path.join(folder, "cgroup.procs"), "w") as file:
            file.write(str(os.getpid()))

    return {"preexec_fn": join}


def test_the_memory_of_a_group(stack, cgroup):
    folder = cgroup("memory", "doctor-%d" % os.getpid())
    old = os.path.exists(os.path.join(folder, "memory.limit_in_bytes"))
    name = "memory.limit_in_bytes" if old else "memory.max"
    with stack.daphne(options=joined(folder)) as server:
        process = process_of(stack, server.process.pid)
        assert look(stack, process=process) == []
        with open(os.path.join(folder, "memory.stat")) as file:
            told = dict(line.split() for line in file)
        used = int(told["total_rss" if old else "anon"])
        with open(os.path.join(folder, name), "w") as file:
            file.write(str(int(used * 1.04)))
        one = first(look(stack, process=process), "memory-limit-near")
        with open(os.path.join(folder, name), "w") as file:
            file.write(str(used * 2))
        assert look(stack, process=process) == []
    assert re.match(
        r"%s: \d+ of \d+ MB are used in %s$" % (re.escape(str(process)), folder), one.observed
    )


SYSTEMCTL = """#!/bin/sh
test "$*" = "show --property TimeoutStopUSec,KillSignal,LoadState -- %s" || exit 1
echo TimeoutStopUSec=2s; echo KillSignal=15; echo LoadState=loaded
"""


def test_a_unit_that_does_not_wait(stack, cgroup, tmp_path, monkeypatch):
    """The unit's group is the kernel's; what systemd says of it is told by a stand-in for it."""
    name = "doctor-%d.service" % os.getpid()
    folder = cgroup("systemd", name)
    program = tmp_path / "systemctl"
    program.write_text(SYSTEMCTL % name)
    program.chmod(0o755)
    with stack.daphne(options=joined(folder)) as server:
        process = process_of(stack, server.process.pid)
        with monkeypatch.context() as here:
            here.setenv("PATH", "%s:%s" % (tmp_path, os.environ["PATH"]))
            one = first(look(stack, process=process), "stop-wait-short")
    assert one.observed.endswith("COMPAT_DRAIN_SECONDS), systemd kills it after 2 s")


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
    every_one(request)
