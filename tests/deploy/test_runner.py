"""Real runners, real processes, a database that both sides open."""

import contextlib
import os
import signal
import stat
from datetime import timedelta

import pytest
from django.db import (
    ProgrammingError,
    connection,
)
from django.utils import timezone

from compat.streams import read
from deploy import lifecycle
from deploy import runner as runner_module
from deploy.ansi import plain_text
from deploy.models import Deployment, RunnerBeat
from deploy.output import MAX_PIECE
from deploy.runner import Runner
from tests.support.records import log_of, make_service, make_user, states_of, without_colours
from tests.support.wait import wait_until

from .commands import PYTHON, STUBBORN, printed_pid, python, runs


def run_once(site, *services):
    """Queue a deployment of each service, run them all, and return them."""
    deployments = [site.enqueue(service) for service in services]
    code, _, errors = site.manage("deploy_runner", "--once", "--grace", "0.5")
    assert code == 0, errors
    assert "Traceback" not in errors, errors
    for deployment in deployments:
        deployment.refresh_from_db()
    return deployments


def out_bodies(deployment):
    bodies = [row.body for row in read(deployment.service.stream, deployment.output_seq, 5000)]
    return [body for body in bodies if body["k"] == "out"]


def test_what_commands_write_arrives_whole(site):
    numbers = python("for n in range(5000): print('line', n)", "numbers")
    both = python(
        "import sys\nfor n in range(3): print(n, flush=True); print('e', n, file=sys.stderr)",
        "both",
    )
    mega = python("print('x' * 1500000 + 'end')", "mega")
    octets = make_service(
        "octets",
        [PYTHON, "-c", "import os; os.write(1, b'\\xff\\xc3'); os.write(1, b'\\xa9\\0\\r9%')"],
    )
    for deployment in run_once(site, numbers, both, mega, octets):
        assert (deployment.state, deployment.exit_code) == ("succeeded", 0)
        assert states_of(deployment) == ["queued", "running", "succeeded"]
        assert deployment.finished_at >= deployment.started_at >= deployment.queued_at
        bodies = out_bodies(deployment)
        assert all(len(body["s"].encode("utf-8")) <= MAX_PIECE for body in bodies)
        last = read(deployment.service.stream, deployment.last_seq - 1)
        assert [row.body["state"] for row in last] == ["succeeded"]
        text = log_of(deployment)
        if deployment.service == numbers:
            assert text == "".join(f"line {n}\n" for n in range(5000))
            assert len(bodies) < 50
        elif deployment.service == both:
            assert text == "0\ne 0\n1\ne 1\n2\ne 2\n"
        elif deployment.service == mega:
            assert text == "x" * 1500000 + "end\n"
        else:
            assert text == "\ufffdé\0\r9%"


def test_a_partial_line_is_seen_when_it_is_written(site, tmp_path):
    gate = str(tmp_path / "gate")
    os.mkfifo(gate)
    code = (
        "import sys; sys.stdout.write('half'); sys.stdout.flush()\n"
        f"open({gate!r}).read(); print(' done')"
    )
    site.runner()
    deployment = site.enqueue(python(code))
    site.wait_for_text(deployment, "half")
    assert log_of(deployment) == "half"
    with open(gate, "w"):
        pass
    assert site.wait_for(deployment).state == "succeeded"
    assert log_of(deployment) == "half done\n"


def test_what_a_command_is_given(site, tmp_path):
    code = (
        "import os, sys\n"
        "print(os.getcwd(), sys.stdin.read() == '', os.getpgid(0) == os.getsid(0) == os.getpid())\n"
        "print(sys.argv[1:])\n"
        "for name in sorted(os.environ): print(name + '=' + os.environ[name])\n"
    )
    service = make_service(
        "web",
        [PYTHON, "-c", code, "$HOME; ls *", "'", "é\n"],
        cwd=str(tmp_path),
        environment="COLOUR=blaü\nPYTHONIOENCODING=utf-8",
    )
    site.environment.update(
        SECRET_KEY="x" * 50,
        DATABASE_URL="sqlite:///" + os.path.join(site.var, "db.sqlite3"),
        REDIS_URL="redis://127.0.0.1:1/0",
        LAYER_KEYS="k" * 32,
        PROMETHEUS_MULTIPROC_DIR=str(tmp_path / "metrics"),
        KEPT="yes",
    )
    (deployment,) = run_once(site, service)
    lines = log_of(deployment).splitlines()
    assert lines[0] == f"{os.path.realpath(str(tmp_path))} True True"
    assert lines[1] == str(["$HOME; ls *", "'", "é\n"])
    environment = dict(line.split("=", 1) for line in lines[2:])
    assert environment["COLOUR"] == "blaü" and environment["KEPT"] == "yes"
    assert environment["DEPLOY_ID"] == str(deployment.pk)
    assert environment["DEPLOY_SERVICE"] == "web"
    for name in (
        "SECRET_KEY",
        "DATABASE_URL",
        "REDIS_URL",
        "LAYER_KEYS",
        "PROMETHEUS_MULTIPROC_DIR",
        "DJANGO_SETTINGS_MODULE",
    ):
        assert name not in environment


def test_how_commands_fail(site, tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("#!/bin/sh\n")
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\x7fELFgarbage")
    garbage.chmod(garbage.stat().st_mode | stat.S_IXUSR)
    services = [
        make_service("exits", ["sh", "-c", "exit 3"]),
        make_service("killed", ["sh", "-c", "kill -9 $$"]),
        make_service("missing", ["no-such-program-here"]),
        make_service("forbidden", [str(plain)]),
        make_service("unrunnable", [str(garbage)]),
        make_service("nowhere", ["true"], cwd=str(tmp_path / "gone")),
        make_service("broken", ["true"], environment="no equals sign"),
        make_service("empty", []),
    ]
    expected = [
        (3, "exit code 3"),
        (-9, "ended by signal SIGKILL"),
        (None, "command not found: no-such-program-here"),
        (None, f"no permission to run {plain}"),
        (None, f"{garbage} cannot be run: "),
        (None, f"the working directory {tmp_path / 'gone'} is not a folder"),
        (None, "Line 1 is not of the form NAME=value."),
        (None, "A command needs at least the program to run."),
    ]
    for deployment, (code, reason) in zip(run_once(site, *services), expected):
        assert (deployment.state, deployment.exit_code) == ("failed", code), deployment
        assert deployment.reason.startswith(reason[:200])
        if code is None:
            assert plain_text(log_of(deployment)).startswith("── cannot start: " + reason)


def test_the_timeout_stops_a_command_that_does_not_want_to(site):
    (deployment,) = run_once(site, python(STUBBORN, timeout=1))
    assert (deployment.state, deployment.exit_code) == ("failed", -9)
    assert deployment.reason == "timed out after 1 s"
    assert "── timed out after 1 s: stopping the command" in without_colours(log_of(deployment))
    assert not runs(printed_pid(site, deployment))


def test_cancel_is_asked_for_politely_and_then_insisted_on(site):
    site.runner("--grace", "0.3")
    polite = site.enqueue(
        python("import time; print('pid', flush=True); time.sleep(600)", "polite")
    )
    stubborn = site.enqueue(python(STUBBORN, "stubborn"))
    site.wait_for_text(polite, "pid")
    pid = printed_pid(site, stubborn)
    for deployment in (polite, stubborn):
        assert lifecycle.request_cancel(deployment, site.user)
        site.wait_for(deployment)
        assert (deployment.state, deployment.reason) == ("cancelled", "cancelled by ann")
    assert (polite.exit_code, stubborn.exit_code) == (-signal.SIGTERM, -signal.SIGKILL)
    assert not runs(pid)


def test_the_whole_group_is_cancelled(site):
    # The child ignores TERM, does not hold the pipe, and its parent ends at once.
    child = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(1, flush=True); time.sleep(600)"
    )
    code = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE,"
        " stderr=subprocess.DEVNULL)\n"
        "child.stdout.readline()\n"
        "print('pid', child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    site.runner("--grace", "0.3")
    deployment = site.enqueue(python(code))
    pid = printed_pid(site, deployment)
    lifecycle.request_cancel(deployment, site.user)
    assert site.wait_for(deployment).state == "cancelled"
    wait_until(lambda: not runs(pid), what="the end of the child")


def test_a_grandchild_that_holds_the_pipe_does_not_hold_the_runner(site):
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print('pid', child.pid)\n"
    )
    (deployment,) = run_once(site, python(code))
    assert deployment.duration < timedelta(seconds=60)  # the child sleeps for ten times as long
    assert (deployment.state, deployment.exit_code) == ("succeeded", 0)
    assert "holds its output open" in log_of(deployment)
    pid = printed_pid(site, deployment)
    wait_until(lambda: not runs(pid), what="the end of the grandchild")


def test_a_command_that_closes_its_output_is_waited_for(site):
    code = "import os, time; os.close(1); os.close(2); time.sleep(0.5); os._exit(5)"
    (deployment,) = run_once(site, python(code))
    assert (deployment.state, deployment.exit_code) == ("failed", 5)


def test_services_run_in_parallel_and_one_service_in_order(site, tmp_path):
    gate = str(tmp_path / "gate")
    os.mkfifo(gate)
    slow = python(f"open({gate!r}).read()", "slow")
    others = [make_user(name) for name in ("bob", "cleo")]
    queue = [site.enqueue(slow)] + [site.enqueue(slow, user) for user in others]
    quick = python("pass", "quick")
    site.runner()
    assert site.wait_for(site.enqueue(quick)).state == "succeeded"
    for position, deployment in enumerate(queue):
        site.wait_for(deployment, Deployment.RUNNING)
        for later in queue[position + 1 :]:
            later.refresh_from_db()
            assert later.state == "queued"
        with open(gate, "w"):
            pass
        assert site.wait_for(deployment).state == "succeeded"
    ends = [(d.started_at, d.finished_at) for d in queue]
    assert all(end <= start for (_, end), (start, _) in zip(ends, ends[1:]))


def test_two_runners_never_take_one(site, tmp_path):
    register = str(tmp_path / "register")
    code = f"import os; open({register!r}, 'a').write(os.environ['DEPLOY_ID'] + '\\n')"
    users = [site.user] + [make_user(f"user{n}") for n in range(5)]
    services = [python(code, f"service-{n}") for n in range(5)]
    for _ in range(2):
        site.runner("--concurrency", "8")
    wait_until(lambda: RunnerBeat.objects.count() == 2, what="both runners")
    deployments = [site.enqueue(service, user) for service in services for user in users]
    for deployment in deployments:
        assert site.wait_for(deployment).state == "succeeded", deployment.reason
    with open(register) as lines:
        taken = sorted(int(line) for line in lines)
    assert taken == sorted(deployment.pk for deployment in deployments)
    by_service = {}
    for deployment in deployments:
        by_service.setdefault(deployment.service_id, []).append(deployment)
        assert states_of(deployment) == ["queued", "running", "succeeded"]
    for group in by_service.values():
        for one, next_one in zip(group, group[1:]):
            assert one.finished_at <= next_one.started_at
    assert len({d.runner for d in Deployment.objects.all()}) == 2


@contextlib.contextmanager
def locked_database():
    with connection.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def gated(site, tmp_path, rest):
    """Start a command that waits, and a runner whose database does not wait for a lock."""
    gate = str(tmp_path / "gate")
    os.mkfifo(gate)
    site.environment["DJANGO_SETTINGS_MODULE"] = "tests.deploy.impatient"
    runner = site.runner()
    code = f"import os; print('pid', os.getpid(), flush=True); open({gate!r}).read(); {rest}"
    deployment = site.enqueue(python(code))
    return runner, deployment, printed_pid(site, deployment), gate


def test_output_that_meets_a_locked_database_is_delayed_and_not_lost(site, tmp_path):
    rest = "print('\\n'.join('line %d' % n for n in range(2000)))"
    _, deployment, pid, gate = gated(site, tmp_path, rest)
    with locked_database():
        with open(gate, "w"):
            pass
        wait_until(lambda: not runs(pid), what="the end of the command")
    assert site.wait_for(deployment).state == "succeeded"
    assert log_of(deployment) == f"pid {pid}\n" + "".join(f"line {n}\n" for n in range(2000))


def test_an_end_that_meets_a_locked_database_is_recorded_later(site, tmp_path):
    runner, deployment, pid, gate = gated(site, tmp_path, "os._exit(4)")

    def complains():
        with open(runner.log) as log:
            return "does not take it" in log.read()

    with locked_database():
        with open(gate, "w"):
            pass
        wait_until(complains, what="the runner meeting the lock")
    assert (site.wait_for(deployment).state, deployment.exit_code) == ("failed", 4)


@pytest.mark.django_db
def test_a_claim_that_its_runner_does_not_know_of_does_not_block_the_service():
    service = make_service()
    deployment, _ = lifecycle.enqueue(service, make_user())
    runner = Runner()
    assert lifecycle.claim_next(runner.identity) == deployment
    runner.runs[deployment.pk] = None
    runner.sweep()
    deployment.refresh_from_db()
    assert deployment.state == "running"
    runner.runs.clear()
    runner.sweep()
    deployment.refresh_from_db()
    assert (deployment.state, deployment.reason) == ("lost", "its runner lost track of it")


@pytest.mark.django_db
def test_no_error_of_the_database_ends_the_runner(monkeypatch, caplog):
    def fail(runner):
        raise ProgrammingError('relation "deploy_deployment" does not exist')

    monkeypatch.setattr(lifecycle, "claim_next", fail)
    monkeypatch.setattr(runner_module.connections, "close_all", lambda: None)
    runner = Runner()
    assert runner._guarded(runner._tick) is None
    assert "does not exist" in caplog.text


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["--poll", "0"], "--poll must be between 0.05 and 5 seconds"),
        (["--poll", "6"], "--poll must be between 0.05 and 5 seconds"),
        (["--poll", "nan"], "--poll must be between 0.05 and 5 seconds"),
        (["--concurrency", "0"], "--concurrency must be between 1 and 64"),
        (["--grace", "-1"], "--grace must be between 0 and 600 seconds"),
        (["--concurrency", "x"], "invalid int value"),
    ],
)
def test_impossible_options_are_one_line(arguments, complaint):
    from django.core.management import CommandError, call_command

    with pytest.raises(CommandError, match=complaint):
        call_command("deploy_runner", *arguments)


def claimed(uid="web"):
    lifecycle.enqueue(make_service(uid), make_user(uid))


@pytest.fixture
def idle_runner(monkeypatch, db):
    """A runner in this process that starts nothing, however much it claims."""
    runner = Runner(concurrency=2)
    monkeypatch.setattr(runner._workers, "start", lambda job: None)
    return runner


def test_no_more_run_at_a_time_than_allowed(idle_runner):
    for number in range(4):
        claimed("service%d" % number)
    assert idle_runner._tick() is True
    assert len(idle_runner.runs) == 2 and Deployment.objects.filter(state="running").count() == 2
    assert idle_runner._tick() is False


@pytest.mark.parametrize("end", ["stop", "finish"])
def test_who_is_told_to_end_takes_nothing_more(idle_runner, end):
    claimed()
    getattr(idle_runner, end)()
    assert idle_runner._tick() is False
    assert Deployment.objects.get().state == "queued"


def test_what_runs_has_a_heartbeat_and_so_has_the_runner(idle_runner):
    claimed()
    idle_runner._tick()
    old = timezone.now() - timedelta(days=2)
    Deployment.objects.update(heartbeat_at=old)
    RunnerBeat.objects.update(at=old)
    RunnerBeat.objects.create(runner="forgotten", at=old)
    recent = RunnerBeat.objects.create(runner="recent", at=timezone.now() - timedelta(hours=23))
    idle_runner._tick()
    assert Deployment.objects.get().heartbeat_at == old  # not due yet
    idle_runner._next_heartbeat = 0
    idle_runner._tick()
    assert Deployment.objects.get().heartbeat_at > old
    mine = RunnerBeat.objects.get(runner=str(idle_runner.identity))
    assert mine.at > old and set(RunnerBeat.objects.all()) == {mine, recent}


def test_usr1_lets_what_runs_end_and_leaves_the_rest_to_the_successor(site, tmp_path):
    gate = str(tmp_path / "gate")
    os.mkfifo(gate)
    runner = site.runner()
    first = site.enqueue(python(f"print('pid 1', flush=True); open({gate!r}).read()"))
    site.wait_for_text(first, "pid 1")
    runner.send_signal(signal.SIGUSR1)
    # It has woken up for the signal, and goes on: a heartbeat is later than the signal.
    at = timezone.now()
    wait_until(lambda: RunnerBeat.objects.filter(at__gt=at).exists(), what="a heartbeat")
    second = site.enqueue(make_service("other"))
    at = timezone.now()
    wait_until(lambda: RunnerBeat.objects.filter(at__gt=at).exists(), what="a heartbeat")
    with open(gate, "w"):
        pass
    assert runner.wait(30) == 0
    for deployment, state in ((first, "succeeded"), (second, "queued")):
        deployment.refresh_from_db()
        assert deployment.state == state


def test_nohup_is_respected(site):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        runner = site.runner(cold=True)
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    assert site.wait_for(site.enqueue(make_service())).state == "succeeded"
    runner.send_signal(signal.SIGHUP)
    assert site.wait_for(site.enqueue(make_service("other"))).state == "succeeded"
    assert runner.poll() is None
