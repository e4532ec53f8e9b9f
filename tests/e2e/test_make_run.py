"""`make run` as typed in a terminal: prints what is needed, and Ctrl-C leaves nothing behind."""

import glob
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import urllib.request

import pytest

from tests.support import CHECKOUT
from tests.support.nginx import nginx_or_skip
from tests.support.servers import free_port


@pytest.fixture
def make(tmp_path):
    """Start `make run` in a terminal-like process group; its environment is the tests' own."""
    made = glob.glob(os.path.join(sys.prefix, "for-*"))
    if not (made and os.path.exists(os.path.join(sys.prefix, "installed"))):
        pytest.skip("this environment was not made by make (run `make test`)")
    nginx_or_skip()
    started = []

    def start(port):
        process = subprocess.Popen(
            # Time stamps of a fresh clone must not make the environment anew; nor must another
            # Python of the same name, so none is named.
            ["make", "-o", os.path.join(sys.prefix, "installed"), "run", "PORT=%d" % port]
            + ["VENV=" + sys.prefix],
            cwd=CHECKOUT,
            env=dict(os.environ, DEVOPS_VAR=str(tmp_path)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()


def until(process, text):
    """Lines printed up to and including the one with `text`."""
    printed = []
    for line in process.stdout:
        printed.append(line)
        if text in line:
            return "".join(printed)
    raise AssertionError("never printed %r:\n%s" % (text, "".join(printed)))


def interrupt(process):
    """Ctrl-C: every process of the terminal's foreground group gets it."""
    os.killpg(process.pid, signal.SIGINT)
    rest = process.stdout.read()
    process.wait(30)
    return rest


def processes_of(var):
    """Processes whose environment names this var folder."""
    found = []
    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(path, "rb") as environ:
                if ("DEVOPS_VAR=%s\0" % var).encode() in environ.read():
                    found.append(path)
        except OSError:
            continue  # it is gone, or not ours
    return found


def left_over(var):
    """Sockets and pid files below the var folder."""
    paths = glob.glob(os.path.join(str(var), "**", "*"), recursive=True)
    return [path for path in paths if path.endswith(".pid") or stat.S_ISSOCK(os.stat(path).st_mode)]


def test_run_interrupt_and_run_again(make, tmp_path):
    port = free_port()
    url = "http://127.0.0.1:%d/" % port
    process = make(port)
    printed = until(process, url)
    assert re.search(r"Administrator: admin +password: \S{16,}", printed)
    assert urllib.request.urlopen(url, timeout=20).status == 200
    assert os.path.isdir(str(tmp_path / "static" / "admin"))  # collected
    assert len(processes_of(tmp_path)) >= 8  # nginx 2, uWSGI 3, daphne 2, Redis, runner …
    rest = interrupt(process)
    assert "Traceback" not in rest
    assert processes_of(tmp_path) == []
    assert left_over(tmp_path) == []

    process = make(port)
    printed = until(process, url)
    assert "password:" not in printed  # it was told once
    interrupt(process)
    assert processes_of(tmp_path) == []


def test_a_port_that_is_taken_is_one_line(make, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        process = make(port)
        printed = process.stdout.read()
        assert process.wait(60) != 0
    complaints = [line for line in printed.splitlines() if str(port) in line]
    assert len(complaints) == 1 and "PORT=" in complaints[0]
    assert "Traceback" not in printed
    assert processes_of(tmp_path) == []
