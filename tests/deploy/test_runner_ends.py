"""Runners that are killed, stopped, or lose what they run."""

import signal
import subprocess
import time

import pytest
from django.utils import timezone

from deploy import lifecycle, processes
from deploy.models import Deployment
from deploy.runner import STOPPING

from .commands import STUBBORN, printed_pid, python, runs
from .conftest import log_of, make_service, make_user, states_of, wait_until, without_colours


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


def test_a_runner_elsewhere_counts_as_gone_when_it_is_silent_for_too_long(site):
    site.runner()
    silent = site.enqueue(make_service("silent"))
    lifecycle.claim_next("elsewhere~1/7/7") or pytest.fail("the runner was faster")
    assert silent.pk == Deployment.objects.get(runner="elsewhere~1/7/7").pk
    site.runners[0].terminate()
    site.runners[0].wait(15)
    site.runner()
    Deployment.objects.filter(pk=silent.pk).update(heartbeat_at=timezone.now())
    probe = site.enqueue(make_service("probe"))
    assert site.wait_for(probe).state == "succeeded"
    silent.refresh_from_db()
    assert silent.state == "running"
    old = timezone.now() - timezone.timedelta(seconds=61)
    Deployment.objects.filter(pk=silent.pk).update(heartbeat_at=old)
    code, _, errors = site.manage("deploy_runner", "--once")
    assert code == 0, errors
    assert site.wait_for(silent).reason == "its runner has not been heard of for too long"


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


def test_a_second_signal_does_not_wait_for_the_grace(site):
    runner = site.runner("--grace", "600")
    deployment = site.enqueue(python(STUBBORN))
    printed_pid(site, deployment)
    begun = time.monotonic()
    runner.send_signal(signal.SIGTERM)
    site.wait_for_text(deployment, "the runner was stopped")
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(15) == 0
    assert time.monotonic() - begun < STOPPING
    assert site.wait_for(deployment).state == "lost"


def test_a_runner_that_is_stopped_is_faster_than_who_would_kill_it(site):
    # `deploy_conf up` waits 8 s: a command must not outlive the runner, whatever its grace.
    runner = site.runner("--grace", "600")
    deployment = site.enqueue(python(STUBBORN))
    pid = printed_pid(site, deployment)
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(8) == 0
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
