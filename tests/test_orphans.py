"""What a test has started, and left in the temporary folder, ends with its pytest."""

import contextlib
import os
import signal
import subprocess
import sys

import pytest

from tests.support import CHECKOUT, orphans, shared
from tests.support.wait import wait_until

pytestmark = pytest.mark.skipif(not orphans.started(os.getpid()), reason="no /proc")

# A child with an environment of its own, one of its own child's, and a daemon.
TEST = """
import os, signal, subprocess, sys, tempfile

SLEEP = "import os, time; os.write(1, b'%d ' % os.getpid()); time.sleep(600)"
PARENT = "import os, subprocess, sys; subprocess.call([sys.executable, '-S', '-c', sys.argv[1]])"
DAEMON = "import os; os.fork() and os._exit(0); os.setsid(); " + SLEEP

def test_that_forgets():
    tempfile.mkdtemp()
    with open("pids", "wb") as pids:
        for words in ([SLEEP], [PARENT, SLEEP], [DAEMON]):
            environ = dict(os.environ) if words == [DAEMON] else {}
            subprocess.Popen([sys.executable, "-S", "-c", *words], stdout=pids, env=environ)
    if "HANGS" in os.environ:
        signal.pause()
    while len(open("pids").read().split()) < 3:
        pass
"""


def pids(folder):
    """Three, when all of them have begun; each with when that was."""
    with contextlib.suppress(FileNotFoundError):
        found = [int(pid) for pid in (folder / "pids").read_text().split()]
        return len(found) == 3 and {pid: orphans.started(pid) for pid in found}


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL, None])
def test_nothing_is_left(tmp_path, signum):
    places = temporary, beside = tmp_path / "tmp", tmp_path / "beside"
    for place in places:
        place.mkdir()
    (tmp_path / "test_it.py").write_text(TEST)
    environ = dict(os.environ, TMPDIR=str(temporary), PYTEST_DEBUG_TEMPROOT=str(beside))
    environ.update({"HANGS": "1"} if signum else {})
    del environ[shared.VARIABLE]
    words = ["-q", "-p", "tests.conftest", "-p", "no:django", "-p", "no:cacheprovider"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *words, "--rootdir", str(tmp_path), "test_it.py"],
        cwd=str(tmp_path),
        env=environ,
        stdout=subprocess.DEVNULL,
    )
    if signum:
        found = wait_until(lambda: pids(tmp_path))
        for place in places:
            assert len(os.listdir(str(place))) == 1  # the run's
        process.send_signal(signum)
    assert process.wait(60) == {signal.SIGINT: 2, signal.SIGKILL: -signal.SIGKILL, None: 0}[signum]
    if signum:
        wait_until(lambda: not any(orphans.started(pid) == since for pid, since in found.items()))
    else:  # it waited for that
        assert set(pids(tmp_path).values()) == {""}
    for place in places:
        wait_until(lambda: os.listdir(str(place)) == [], what="the end of what it wrote")  # noqa: B023


def test_who_ignores_sigterm_is_killed():
    deaf = subprocess.Popen(
        [
            sys.executable,
            "-S",
            "-c",
            "import signal; signal.signal(15, 1); print(flush=True); signal.pause()",
        ],
        stdout=subprocess.PIPE,
    )
    with deaf:
        deaf.stdout.readline()
        words = [sys.executable, "-S", "-E", orphans.__file__, "no mark", "0.2"]
        subprocess.run(words, cwd=CHECKOUT, env={}, input=b"%d\n" % deaf.pid, check=True)
        assert deaf.wait(20) == -signal.SIGKILL
