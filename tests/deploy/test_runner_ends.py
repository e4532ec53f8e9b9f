"""Runners that are killed, stopped, or lose what they run."""

import signal
import subprocess
import sys
import time

import pytest
from django.db import OperationalError
from django.utils import timezone

from deploy import lifecycle, processes
from deploy import runner as runner_module
from deploy.liveness import Liveness, stale_after
from deploy.models import Deployment
from deploy.runner import SWEEP, Runner
from tests.support import delays
from tests.support.records import log_of, make_service, make_user, states_of, without_colours
from tests.support.wait import wait_until

from .commands import STUBBORN, printed_pid, python, runs


def test_a_runner_that_was_killed_is_noticed_and_its_command_stopped(site):
    runner = site.runner()
    deployment = site.enqueue(python(STUBBORN))
    pid = printed_pid(site, deployment)
    site.wait_for(deployment, Deployment.RUNNING)
    assert (deployment.pid, deployment.process_mark) == (pid, processes.process_mark(pid))
    runner.kill()
    runner.wait()
    assert runs(pid)
    site.runner()
    site.wait_for(deployment)
    assert (deployment.state, deployment.exit_code) == ("lost", None)
    assert deployment.reason == "its runner died; the command it left behind was stopped"
    assert states_of(deployment) == ["queued", "running", "lost"]
    wait_until(lambda: not runs(pid), what="the end of the orphan")
    again = site.enqueue(python("pass", "other"))
    assert site.wait_for(again).state == "succeeded"


def test_an_orphan_is_found_by_its_token_when_its_number_was_not_recorded(site):
    runner = site.runner()
    deployment = site.enqueue(python(STUBBORN))
    pid = printed_pid(site, deployment)
    runner.kill()
    runner.wait()
    Deployment.objects.update(pid=None, process_mark="")
    site.runner()
    assert site.wait_for(deployment).state == "lost"
    wait_until(lambda: not runs(pid), what="the end of the orphan")


def test_a_process_that_only_has_the_same_number_is_left_alone(site):
    bystander = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        deployment = site.enqueue(make_service())
        lifecycle.claim_next(processes.RunnerIdentity(processes.host_mark(), 4194305, "1"))
        Deployment.objects.update(pid=bystander.pid, process_mark="1")
        site.runner()
        assert site.wait_for(deployment).reason == "its runner died"
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


class Watch(object):
    """A runner that looks at others, on a clock of ours."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        self.runner = Runner()
        self.runner._liveness = Liveness(SWEEP, lambda: self.now)
        # The test's own connection holds its transaction.
        monkeypatch.setattr(runner_module.connections, "close_all", lambda: None)

    def states(self, deployment, sweeps, seconds=SWEEP):
        """Return what a deployment's state is after each of some sweeps."""
        states = []
        for _ in range(sweeps):
            self.now += seconds
            self.runner._guarded(self.runner.sweep)
            deployment.refresh_from_db()
            states.append(deployment.state)
        return states

    def meet_an_outage(self):
        def fail():
            raise OperationalError("could not connect to server")

        self.runner._guarded(fail)


@pytest.fixture
def watch(monkeypatch, db):
    return Watch(monkeypatch)


def run_elsewhere(runner="elsewhere~1/7/7"):
    """Return a deployment that another runner has, whose last heartbeat seems to be long ago."""
    deployment, _ = lifecycle.enqueue(make_service(), make_user())
    lifecycle.claim_next(runner)
    old = timezone.now() - timezone.timedelta(days=1)
    Deployment.objects.update(heartbeat_at=old)
    return deployment


def test_a_runner_elsewhere_counts_as_gone_when_it_is_silent_for_too_long(watch):
    deployment = run_elsewhere()
    assert stale_after() == 4 * SWEEP
    assert watch.states(deployment, 4) == ["running"] * 4
    Deployment.objects.update(heartbeat_at=timezone.now())
    assert watch.states(deployment, 5) == ["running"] * 4 + ["lost"]
    assert deployment.reason == "its runner has not been heard of for too long"


def test_no_runner_is_blamed_for_an_outage_of_the_database(watch):
    deployment = run_elsewhere()
    assert watch.states(deployment, 4) == ["running"] * 4
    watch.meet_an_outage()
    watch.now += 600
    assert watch.states(deployment, 5) == ["running"] * 4 + ["lost"]


def test_no_runner_is_blamed_when_this_one_was_held_up(watch):
    deployment = run_elsewhere()
    assert watch.states(deployment, 4, seconds=600) == ["running"] * 4


def test_a_runner_that_is_seen_to_live_is_never_lost(watch):
    bystander = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        mark = processes.process_mark(bystander.pid)
        alive = processes.RunnerIdentity(processes.host_mark(), bystander.pid, mark)
        deployment = run_elsewhere(alive)
        assert set(watch.states(deployment, 20)) == {"running"}
    finally:
        bystander.kill()
        bystander.wait()
    assert watch.states(deployment, 1) == ["lost"]
    assert deployment.reason == "its runner died"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["TERM", "HUP"])
def test_a_runner_that_is_stopped_stops_its_commands_and_says_so(site, number):
    runner = site.runner("--grace", "0.3")
    deployment = site.enqueue(python(STUBBORN))
    waiting = site.enqueue(deployment.service, make_user("bob"))
    pid = printed_pid(site, deployment)
    runner.send_signal(number)
    assert runner.wait(15) == 0
    deployment.refresh_from_db()
    assert (deployment.state, deployment.reason) == ("lost", "the runner was stopped")
    assert "── the runner was stopped: stopping the command" in without_colours(log_of(deployment))
    assert not runs(pid)
    waiting.refresh_from_db()
    assert waiting.state == "queued"
    with open(runner.log) as log:
        assert "Traceback" not in log.read()


PATIENT = """
import django
django.setup()
from django.core.management import call_command
from deploy import runner
runner.STOPPING = 600.0
call_command("deploy_runner", grace=600.0, poll=0.05)
"""


def test_a_second_signal_does_not_wait_for_the_grace(site):
    runner = site.start(sys.executable, "-c", PATIENT)
    deployment = site.enqueue(python(STUBBORN))
    printed_pid(site, deployment)
    runner.send_signal(signal.SIGTERM)
    site.wait_for_text(deployment, "the runner was stopped")
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(60) == 0
    assert site.wait_for(deployment).state == "lost"


def test_a_runner_that_is_stopped_is_faster_than_who_would_kill_it(site):
    # `deploy_conf up` waits 8 s: a command must not outlive the runner, whatever its grace.
    runner = site.runner("--grace", "600")
    deployment = site.enqueue(python(STUBBORN))
    pid = printed_pid(site, deployment)
    begun, before, after = time.monotonic(), delays.of_process(runner.pid), 0
    runner.send_signal(signal.SIGTERM)
    while runner.poll() is None and time.monotonic() - begun < 60:
        after = max(after, delays.of_process(runner.pid))
        time.sleep(0.02)
    # A busy machine is slower, which is no fault of the runner's.
    assert time.monotonic() - begun - (after - before) < 8
    assert runner.wait(0) == 0
    assert not runs(pid)
    deployment.refresh_from_db()
    assert (deployment.state, deployment.exit_code) == ("lost", -9)


def test_a_deployment_that_was_taken_away_is_stopped(site):
    site.runner("--grace", "0.3")
    deployment = site.enqueue(python(STUBBORN))
    pid = printed_pid(site, deployment)
    deployment.refresh_from_db()
    assert lifecycle.finish(deployment, Deployment.LOST, None, "by somebody else")
    wait_until(lambda: not runs(pid), what="the end of the command")
    deployment.refresh_from_db()
    assert deployment.reason == "by somebody else"
    probe = site.enqueue(python("pass", "probe"))
    assert site.wait_for(probe).state == "succeeded"


def test_another_hosts_process_with_that_number_and_start_is_not_ours(watch):
    bystander = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        deployment = run_elsewhere()
        mark = processes.process_mark(bystander.pid)
        Deployment.objects.update(pid=bystander.pid, process_mark=mark)
        assert watch.states(deployment, 5)[-1] == "lost"
        assert "stopped" not in deployment.reason
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
