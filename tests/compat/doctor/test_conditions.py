"""The doctor where much does not work: a finding or a line, no traceback, in a bounded time."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pytest

from compat.doctor import child, examined, findings, managed, processes, report, seen, wire
from compat.doctor.findings import daphne_no_socket
from tests.compat.doctor.kinds import first
from tests.compat.doctor.stack import Files
from tests.support.redis import Redis
from tests.support.servers import as_user, stop
from tests.support.wait import wait_until

PATH = "/ws/echo/"
SECONDS = 240  # what the guide promises
MANAGE = """
import compat, os, sys
compat.install()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tiny.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    # Not below pytest's own folder, into which other accounts may not look.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="conditions-"))
    folder.chmod(0o755)
    files = Files(folder)
    redis = files.redis = Redis(tmp_path_factory.mktemp("redis"))
    files.variables["REDIS_URL"] = redis.url
    with open(files.path("manage.py"), "w") as file:
        file.write(MANAGE)
    with files.daphne() as files.server:
        files.url = "http://127.0.0.1:%d" % files.server.port
        files.views = views(files)
        yield files
    redis.stop()
    shutil.rmtree(str(folder))


def views(stack):
    site = examined.Site(examined.Options(stack.site.folder))
    return [view for view in site.views if view.kind]


def look(stack, url=None, path=PATH):
    site = examined.Site(examined.Options(stack.site.folder, url or stack.url, path))
    site.kept.update(views=stack.views, nginx=[])
    found = report.examine(site)
    assert found.remarks == []
    return [one for one in found.found if one.id != "static-missing"]  # nobody serves files here


def doctor(stack, *words, program="manage.py", user=None, **variables):
    """The command in a process of its own: a Popen; `program` may be a module."""
    command = [sys.executable, "-W", "ignore"]
    command += [program] if program == "manage.py" else ["-m", program]
    environ = dict(stack.site.environment, **stack.variables)
    environ.update(variables)
    return subprocess.Popen(
        as_user(user, command + ["doctor", *words]),
        cwd=stack.site.folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )


def ended(process):
    """(exit status, stdout, stderr), and no traceback."""
    try:
        out, error = process.communicate(timeout=SECONDS)
    finally:
        stop(process, signal.SIGKILL)
    assert "Traceback" not in out + error, out + error
    return process.returncode, out, error


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_daphne_that_hangs(stack, monkeypatch):
    assert look(stack) == []
    monkeypatch.setattr(wire, "SECONDS", 2.0)  # or it is asked for ten
    with stopped(stack.server.process.pid):
        one = first(look(stack), "daphne-hangs")
    assert "is stopped (state T), it listens on 127.0.0.1:%d" % stack.server.port in one.observed
    assert one.change.startswith("kill -CONT %d:" % stack.server.process.pid)


def test_one_of_two_daphnes_hangs(stack, monkeypatch):
    """The handshake is asked of the other one."""
    monkeypatch.setattr(wire, "SECONDS", 5.0)
    with stack.daphne(application="tiny.asgi:application") as other:
        with stopped(other.process.pid):
            found = look(stack)
        one = first(found, "daphne-hangs")
        assert len(found) == 1 and "daphne (pid %d)" % other.process.pid in one.observed
        assert not wire.is_alive(("127.0.0.1", 1)) and wire.is_alive(("127.0.0.1", other.port))


def test_a_site_below_a_prefix(stack, tmp_path):
    """Its pages and sockets have the prefix that is in --url."""
    below = Files(tmp_path)
    # Another database of that Redis, or it would be the other site's.
    below.variables["REDIS_URL"] = stack.redis.url[:-1] + "1"
    with below.daphne(words=["--root-path", "/shop"]) as server:
        below.views = views(below)
        url = "http://127.0.0.1:%d" % server.port
        assert look(below, url + "/shop/") == look(below, url + "/shop", "/shop/ws/echo/") == []
        assert wire.handshake(wire.of_url(url), "/shop/ws/echo/", url).status == 101


@contextlib.contextmanager
def blackhole():
    """An address to which no connection is made, and which refuses none: its queue is full."""
    with contextlib.ExitStack() as opened:
        listener = opened.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield "127.0.0.1:%d" % listener.getsockname()[1]


SCALE = float(os.environ.get("DOCTOR_SCALE", "0.1"))  # docs/records/doctor.md has it with 1


def test_all_hangs_in_turn(stack, monkeypatch):
    """With a tenth of the time for each; then all kinds were still looked for."""
    for module, name in ((wire, "SECONDS"), (child, "SECONDS"), (child, "MORE")):
        monkeypatch.setattr(module, name, getattr(module, name) * SCALE)
    # A busy machine starts processes slowly.
    monkeypatch.setattr(report, "LONGEST", report.LONGEST * SCALE + (30 if SCALE < 1 else 0))
    with stopped(stack.server.process.pid), stopped(
        stack.redis.process.pid
    ), blackhole() as address:
        url = "https://" + address
        with pytest.raises(OSError, match="timed out"):
            wire.reach(wire.of_url(url).address, 0.2)
        site = examined.Site(examined.Options(stack.site.folder, url, PATH, url + "/healthz"))
        found = report.examine(site)
    assert found.kinds == len(findings.every())
    assert not [one for one in found.remarks if "took too long" in one]
    ids = [one.id for one in found.found]
    assert ids[0] == "daphne-hangs" and ids[-1] == "health-check-refused", ids


def test_the_limits_together():
    """What may hang in one run, each for as long as it may: all kinds are looked for in time."""
    asked = 2 * child.SECONDS + 2 * child.MORE + 2 * child.BURIED  # who listens, then who sends
    young, supervisor, nginx = daphne_no_socket.YOUNG, managed.SECONDS, wire.SECONDS
    # The DNS, daphnes, the handshake from outside and directly, a hop, the health check.
    assert asked + young + supervisor + nginx + 6 * wire.SECONDS <= report.LONGEST
    assert report.LONGEST <= SECONDS - 15  # Python's start, and Django's
    # Pages, databases, NOTIFY, the layer, what its server speaks, what its account lacks.
    assert 5 * seen.LIMIT + seen.REDIS["LIMIT"] < child.SECONDS


def test_redis_hangs(stack):
    """What follows from it is not told, and what waits for it is not waited for."""
    begun = time.monotonic()
    with stopped(stack.redis.process.pid):
        words = ["--url", stack.url, "--path", PATH, "--json"]
        code, out, error = ended(doctor(stack, *words))
    ids = [one["id"] for one in json.loads(out)["findings"]]
    assert (code, error) == (1, "") and set(ids) <= {"redis-unreachable", "static-missing"}
    assert ids[0] == "redis-unreachable" and time.monotonic() - begun < SECONDS


@pytest.mark.parametrize("module", ["none.such", "tiny.broken", ""])
def test_settings_that_cannot_be_loaded(stack, module):
    """Django ends manage.py itself before it knows of a command."""
    with open(stack.path("tiny/broken.py"), "w") as file:
        file.write("raise SystemExit('no variable SITE')\n")
    words = ["--url", stack.url, "--path", PATH, "--json"]
    variables = {"DJANGO_SETTINGS_MODULE": module} if module else {}
    code, out, error = ended(doctor(stack, *words, program="compat", **variables))
    found = json.loads(out)["findings"]
    assert error == "" and code == bool(found)
    found = [one for one in found if one["id"] != "static-missing"]
    if module:  # as this process has it, and daphne has not
        assert {one["id"] for one in found} == {"application-not-importable"}
        assert "this process: " in found[0]["observed"]
    else:
        assert found == []  # manage.py names them


def test_words_that_are_wrong_without_manage(stack):
    code, out, error = ended(doctor(stack, "--url", "x", program="compat"))
    assert (code, out) == (1, "") and error.startswith("CommandError: --url: 'x' is not")
    code, out, error = ended(doctor(stack, "--none", program="compat"))
    assert code == 2 and "unrecognized arguments: --none" in error


def test_a_database_that_is_down(stack):
    told = {"DATABASE_JSON": json.dumps({"ENGINE": "django.db.backends.sqlite3", "NAME": "/x/y"})}
    code, out, error = ended(doctor(stack, "--json", **told))
    assert (code, error) == (1, "")
    assert "database-unreachable" in [one["id"] for one in json.loads(out)["findings"]]


def test_processes_of_another_account(stack):
    if os.getuid():
        pytest.skip("only root can become somebody else")
    variables = {"DATABASE": ":memory:", "MEDIA": "/tmp", "HOME": "/nonexistent"}
    process = doctor(stack, user="nobody", **variables)
    code, out, error = ended(process)
    if "ermission denied" in error or code in (126, 127):
        pytest.skip("nobody may not read this checkout, or its Python")
    assert (code, error) == (2, "")
    assert "daphne %d" % stack.server.process.pid in out and "run this as root" in out
    assert out.strip().endswith("none was seen, and not all could be looked at")


def test_a_home_that_cannot_be_written(stack):
    code, out, error = ended(doctor(stack, "--json", HOME="/proc", TMPDIR=stack.site.folder))
    assert (code, error) == (0, "") and json.loads(out)["findings"] == []


@pytest.mark.parametrize("words", [["--json"], []])
def test_a_reader_who_has_read_enough(stack, words):
    process = doctor(stack, "--url", stack.url, "--path", PATH, "--no-wait", *words)
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert error == "" and process.wait(SECONDS) == 0


def children(pid):
    """Whom any of its threads has started to ask; on Python 3.6 `import uuid` starts ldconfig."""
    found = []
    for thread in os.listdir("/proc/%d/task" % pid):
        with contextlib.suppress(OSError):  # it has ended
            with open("/proc/%d/task/%s/children" % (pid, thread)) as file:
                pids = file.read().split()
            found += [one for one in pids if "-c" in processes._words(int(one), "cmdline")]
    return found


def test_control_c(stack):
    with stopped(stack.redis.process.pid):
        process = doctor(stack, "--url", stack.url)
        begun = wait_until(lambda: children(process.pid))
        process.send_signal(signal.SIGINT)
        code, out, error = ended(process)
    assert (code, out, error) == (130, "", "doctor: interrupted\n")
    wait_until(lambda: not any(os.path.exists("/proc/" + pid) for pid in begun))
