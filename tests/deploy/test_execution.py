"""Commands, without a database: their output, their ends, what they are given."""

import os
import re
import signal

import pytest

from deploy import execution as execution_module
from deploy import processes
from deploy.execution import Execution, build_environment
from deploy.models import Deployment, Service
from deploy.output import MAX_WAITING, Outbox
from tests.support.wait import wait_until

from .commands import PYTHON, STUBBORN

# More than what may wait; the rest fits into the pipe, so that the command can end.
MUCH = MAX_WAITING + 40000
WRITES = f"import sys; sys.stdout.write('x' * {MUCH} + 'THE END'); sys.stdout.flush()"
LEAVES = "import subprocess; subprocess.Popen(['sleep', '600'])\n"


class Reluctant(Outbox):
    """Full, it takes its first batch in the moment after it refused so many times."""

    def __init__(self, refusals):
        super(Reluctant, self).__init__(interval=0)
        self.left = refusals
        self.batch = []

    def has_room(self, timeout):
        room = super(Reluctant, self).has_room(timeout)
        if not room:
            self.left -= 1
            if self.left == 0:
                self.batch = self.take()
        return room


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    monkeypatch.setattr(execution_module, "TICK", 0.01)
    monkeypatch.setattr(execution_module, "GIVE_UP", 0.05)


def start(code, refusals=-1, linger=5.0, grace=0.05):
    service = Service(uid="web", command=[PYTHON, "-c", code], timeout=60)
    deployment = Deployment(pk=1, token="t", service=service)
    execution = Execution(deployment, grace=grace, linger=linger, outbox=Reluctant(refusals))
    execution.start()
    return execution


def text_of(execution):
    """Return all that was written, to its end."""
    batches = [execution.outbox.batch] + list(iter(execution.outbox.take, None))
    return "".join(map("".join, batches))


def wait_for_exit(execution):
    wait_until(lambda: execution._exited_at is not None, what="the end of the command")


def test_nothing_is_lost_and_nobody_accused_while_the_log_is_behind():
    execution = start(WRITES, refusals=200, linger=1.0)
    wait_until(lambda: execution.outbox.batch, what="room in the outbox")
    assert text_of(execution) == "x" * MUCH + "THE END"
    assert execution.outcome == (Deployment.SUCCEEDED, 0, "")


def test_who_is_in_a_hurry_while_the_log_is_behind_accuses_nobody():
    execution = start(WRITES)
    wait_for_exit(execution)
    execution.stop(Deployment.LOST, "the runner was stopped")
    execution.outbox.left = 20
    wait_until(lambda: execution.outbox.batch, what="room in the outbox")
    assert text_of(execution) == "x" * MUCH + "THE END"
    assert execution.outcome == (Deployment.SUCCEEDED, 0, "")


def test_who_is_in_a_hurry_stops_what_is_left_though_the_log_is_behind():
    execution = start(LEAVES + WRITES)
    wait_for_exit(execution)
    assert processes.group_is_alive(execution.pid)
    execution.stop(Deployment.LOST, "the runner was stopped")
    wait_until(lambda: not processes.group_is_alive(execution.pid), what="the end of the child")
    text = text_of(execution)
    assert "holds its output open" in text and text.count("x") == MUCH
    assert execution.outcome == (Deployment.SUCCEEDED, 0, "")


def test_a_command_is_stopped_though_the_log_is_behind():
    execution = start(WRITES + "; sys.stdout.write('x' * 10 ** 6)")
    wait_until(lambda: not execution.outbox.has_room(0), what="a full outbox")
    execution.stop(Deployment.CANCELLED, "cancelled by ann")
    wait_for_exit(execution)
    assert "cancelled by ann: stopping the command" in text_of(execution)
    assert execution.outcome.state == Deployment.CANCELLED


def test_what_is_left_does_not_go_on_for_ever_by_writing_much():
    execution = start("import subprocess; subprocess.Popen(['yes'])", linger=0.5)
    assert "holds its output open" in text_of(execution)
    assert execution.outcome == (Deployment.SUCCEEDED, 0, "")
    wait_until(lambda: not processes.group_is_alive(execution.pid), what="the end of the child")


def test_the_first_reason_to_stop_counts():
    execution = start("import time; time.sleep(600)")
    execution.stop(Deployment.CANCELLED, "cancelled by ann")
    execution.stop(Deployment.LOST, "the runner was stopped")
    assert "cancelled by ann" in text_of(execution)
    assert execution.outcome[::2] == (Deployment.CANCELLED, "cancelled by ann")


SAYS_GOODBYE = """
import signal, sys, time
def goodbye(*_):
    time.sleep(0.2)
    print("goodbye", flush=True)
    sys.exit(3)
signal.signal(signal.SIGTERM, goodbye)
print("ready", flush=True)
time.sleep(600)
"""


def test_a_command_has_time_to_end():
    execution = start(SAYS_GOODBYE, grace=60)
    said = ""
    while "ready" not in said:
        said += "".join(execution.outbox.take() or ())
    execution.stop(Deployment.CANCELLED, "cancelled by ann")
    assert "goodbye" in text_of(execution)
    assert execution.outcome == (Deployment.CANCELLED, 3, "cancelled by ann")


def test_a_grace_is_cut_short_for_who_cannot_wait():
    execution = start(STUBBORN, grace=600)
    said = ""
    while "pid" not in said:
        said += "".join(execution.outbox.take() or ())
    execution.stop(Deployment.CANCELLED, "cancelled by ann")
    while "stopping" not in said:
        said += "".join(execution.outbox.take() or ())
    execution.kill()
    text_of(execution)
    assert execution.outcome == (Deployment.CANCELLED, -9, "cancelled by ann")


def test_the_pipe_of_a_command_is_closed_with_it():
    execution = start("print('x')")
    text_of(execution)
    assert execution._process.stdout.closed


@pytest.mark.parametrize(
    "code, number, reason",
    [
        ("raise SystemExit(3)", 3, "exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", -9, "ended by signal SIGKILL"),
        ("import os; os.kill(os.getpid(), 40)", -40, "ended by signal 40"),
    ],
)
def test_how_a_command_ended_is_said(code, number, reason):
    execution = start(code)
    text_of(execution)
    assert execution.outcome == (Deployment.FAILED, number, reason)


class Failing(Outbox):
    def feed(self, data):
        raise RuntimeError("no memory")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_command_that_cannot_be_read_does_not_run_on():
    service = Service(uid="web", command=[PYTHON, "-c", STUBBORN], timeout=60)
    execution = Execution(Deployment(pk=1, token="t", service=service), outbox=Failing())
    execution.start()
    assert execution.outbox.take() is None
    assert execution.outcome.state == Deployment.FAILED
    assert execution.outcome.reason.startswith("the runner failed: RuntimeError('no memory'")
    wait_until(lambda: not processes.group_is_alive(execution.pid), what="the command's end")


def test_who_stays_in_the_background_and_holds_nothing_is_left_there():
    """What `start-something &` leaves: in the command's group, with its output elsewhere."""
    code = (
        "import subprocess as s\n"
        "s.Popen(['sleep', '600'], stdout=s.DEVNULL, stderr=s.DEVNULL)\n"
        "print('started', flush=True)\n"
    )
    execution = start(code, linger=60, grace=60)
    try:
        assert text_of(execution) == "started\n"
        assert execution.outcome == (Deployment.SUCCEEDED, 0, "")
        assert processes.group_is_alive(execution.pid)
    finally:
        os.killpg(execution.pid, signal.SIGKILL)


def test_who_left_the_group_and_holds_the_output_is_not_waited_for():
    code = (
        "import subprocess\n"
        "child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "print('pid', child.pid, flush=True)\n"
    )
    execution = start(code, linger=0.05, grace=60)
    text = text_of(execution)
    child = int(re.search(r"pid (\d+)\n", text).group(1))
    try:
        # One sentence, and no other that would be wrong: nothing is stopped.
        assert text.count("in a session of its own, which is left running") == 1
        assert "stopping" not in text and processes.group_is_alive(child)
        assert execution.outcome == (Deployment.SUCCEEDED, 0, "")
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_cancelled_command_waits_for_nobody_who_left_the_group():
    code = (
        "import subprocess, time\n"
        "child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "print('pid', child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    execution = start(code, grace=60)  # longer than the test may take
    told = ""
    while "\n" not in told:  # without a buffer, print() writes word by word
        told += "".join(execution.outbox.take())
    execution.stop(Deployment.CANCELLED, "cancelled by ann")
    told += text_of(execution)
    child = int(re.search(r"pid (\d+)\n", told).group(1))
    try:
        assert told.count("stopping the command") == told.count("is left running") == 1
        assert processes.group_is_alive(child)
        assert execution.outcome.state == Deployment.CANCELLED
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_command_does_not_read_what_the_runner_could():
    kept = os.dup(0)
    read, write = os.pipe()
    os.write(write, b"the runner's")
    try:
        os.dup2(read, 0)
        execution = start("import sys; print(repr(sys.stdin.read()))")
        assert text_of(execution) == "''\n"
    finally:
        os.dup2(kept, 0)
        for descriptor in (kept, read, write):
            os.close(descriptor)


def environment(inherited, own=""):
    deployment = Deployment(pk=1, token="t", service=Service(uid="web", environment=own))
    return build_environment(deployment, inherited, {})


def test_programs_are_asked_for_lines_and_colours_unless_somebody_says_otherwise():
    given = environment({})
    assert (given["PYTHONUNBUFFERED"], given["FORCE_COLOR"]) == ("1", "1")
    assert environment({"FORCE_COLOR": "0"})["FORCE_COLOR"] == "0"
    assert environment({"PYTHONUNBUFFERED": ""})["PYTHONUNBUFFERED"] == ""
    for inherited, own in (({"NO_COLOR": "1"}, ""), ({}, "NO_COLOR=1")):
        assert "FORCE_COLOR" not in environment(inherited, own)


@pytest.mark.parametrize(
    "name", ["SUPERVISOR_ENABLED", "SUPERVISOR_SERVER_URL", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"]
)
def test_what_the_runner_was_started_by_is_not_the_commands_business(name):
    assert name not in environment({name: "x"})
    assert environment({name: "x"}, name + "=mine")[name] == "mine"
