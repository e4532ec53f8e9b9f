"""The doctor where much does not work: a finding or a line, no traceback, in a bounded time."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest

from compat.doctor import examined, report, wire
from tests.compat.doctor.kinds import CONDITIONS, every_one
from tests.compat.doctor.stack import Files
from tests.support.redis import Redis
from tests.support.servers import as_user, stop
from tests.support.wait import wait_until

BROKEN = set()
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


def first(found, id):
    assert [one.id for one in found][:1] == [id], found
    BROKEN.add(id)
    return found[0]


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
    monkeypatch.setattr(wire, "SECONDS", 2.0)
    with stack.daphne(application="tiny.asgi:application") as other:
        with stopped(other.process.pid):
            found = look(stack)
        one = first(found, "daphne-hangs")
        assert len(found) == 1 and "daphne (pid %d)" % other.process.pid in one.observed
        assert not wire.is_alive(("127.0.0.1", 1)) and wire.is_alive(("127.0.0.1", other.port))


@pytest.mark.parametrize(
    "path, observed, change",
    [
        ("/ws/none/", "/ws/none/ gets 404 from daphne itself", "The route in routing.py"),
        ("/ws/raises/", "/ws/raises/ gets 500 from daphne itself", "The line of that time"),
    ],
)
def test_a_handshake_that_nobody_takes(stack, path, observed, change):
    one = first(look(stack, path=path), "handshake-fails")
    assert one.observed == observed and one.change.startswith(change)


def test_a_name_that_nobody_knows(stack):
    one = first(look(stack, "http://no-such-host.invalid"), "host-not-resolved")
    assert one.observed.startswith("no-such-host.invalid: ")


def test_a_site_below_a_prefix(stack, tmp_path):
    """Its pages and sockets have the prefix that is in --url."""
    below = Files(tmp_path)
    below.variables.update(stack.variables)
    with below.daphne(words=["--root-path", "/shop"]) as server:
        below.views = views(below)
        url = "http://127.0.0.1:%d" % server.port
        assert look(below, url + "/shop/") == look(below, url + "/shop", "/shop/ws/echo/") == []
        assert wire.handshake(wire.of_url(url), "/shop/ws/echo/", url).status == 101


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


def test_control_c(stack):
    with stopped(stack.redis.process.pid):
        process = doctor(stack, "--url", stack.url)
        children = "/proc/%d/task/%d/children" % (process.pid, process.pid)
        begun = wait_until(lambda: open(children).read().split())
        process.send_signal(signal.SIGINT)
        code, out, error = ended(process)
    assert (code, out, error) == (130, "", "doctor: interrupted\n")
    wait_until(lambda: not any(os.path.exists("/proc/" + pid) for pid in begun))


def test_each_was_broken(request):
    every_one(request, BROKEN, CONDITIONS)
