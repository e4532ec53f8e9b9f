"""Processes of every kind, and which of them are a deployment's."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from deploy import processes
from tests.support.wait import wait_until

from .commands import STUBBORN, runs

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def start():
    started = []

    def start(*command, **options):
        options.setdefault("start_new_session", True)
        environment = dict(os.environ, DEPLOY_TOKEN=TOKEN)
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, universal_newlines=True, **options
        )
        started.append(process)
        return process

    yield start
    for process in started:
        processes.signal_group(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_name_may_look_like_the_rest_of_the_line(start, tmp_path):
    odd = str(tmp_path / "a) Z 1 1 (")
    shutil.copy(shutil.which("sleep"), odd)
    process = start(odd, "600")
    wait_until(lambda: b") Z" in open(f"/proc/{process.pid}/stat", "rb").read(), what="its name")
    stat = processes.read_stat(process.pid)
    assert (stat.group, stat.session) == (process.pid, process.pid) and stat.state in "SR"
    assert processes.group_is_alive(process.pid)


def test_who_is_not_there():
    process = subprocess.Popen(["true"])
    assert os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert processes.process_mark(process.pid) == ""  # a zombie
    assert not processes.group_is_alive(process.pid)
    process.wait()
    assert processes.read_stat(process.pid) is None
    assert not processes.signal_group(process.pid, signal.SIGTERM)


def test_a_group_is_found_by_its_token(start):
    first, second = start("sleep", "600"), start("sleep", "600")
    wait_until(lambda: processes.find_groups(TOKEN) == {first.pid, second.pid}, what="both")
    # Where the number is known, another session with that token was made on purpose.
    assert processes.find_groups(TOKEN, first.pid) == {first.pid}
    assert processes.find_groups("another") == set()
    assert processes.find_groups("", first.pid, processes.process_mark(first.pid)) == {first.pid}
    assert processes.find_groups("", first.pid, "1") == set()


def test_a_group_within_the_session_is_no_session(start):
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setpgid(0, 0)\n"
        "    print(os.getpid(), flush=True)\n"
        "time.sleep(600)\n"
    )
    process = start(sys.executable, "-c", code)
    child = int(process.stdout.readline())
    try:
        assert processes.read_stat(child).group == child
        assert processes.find_groups(TOKEN) == {process.pid}
    finally:
        os.kill(child, signal.SIGKILL)


def test_who_does_not_want_to_is_killed_and_who_goes_is_not_waited_for(start):
    stubborn = start(sys.executable, "-c", STUBBORN)
    stubborn.stdout.readline()
    processes.stop_groups({stubborn.pid}, 0.1)
    wait_until(lambda: not runs(stubborn.pid), what="the stubborn one's end")
    polite = start("sleep", "600")
    begun = time.monotonic()
    processes.stop_groups({polite.pid}, 60)
    assert time.monotonic() - begun < 30
    assert polite.wait() == -signal.SIGTERM
