"""Commands whose output nobody writes to the log for a while."""

import pytest

from deploy import execution as execution_module
from deploy import processes
from deploy.execution import Execution
from deploy.models import Deployment, Service
from deploy.output import MAX_WAITING, Outbox
from tests.support.wait import wait_until

from .commands import PYTHON

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


def start(code, refusals=-1, linger=5.0):
    service = Service(uid="web", command=[PYTHON, "-c", code], timeout=60)
    deployment = Deployment(pk=1, token="t", service=service)
    execution = Execution(deployment, grace=0.05, linger=linger, outbox=Reluctant(refusals))
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
