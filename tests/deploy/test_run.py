"""One run, in this process, with a database that fails at times."""

import pytest
from django.db import InterfaceError, InternalError, OperationalError

from compat.streams import publish_many
from deploy import lifecycle, processes
from deploy import output as output_module
from deploy import run as run_module
from deploy.models import Deployment, Service
from deploy.run import Run
from tests.support.records import log_of, make_user

from .commands import python


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error",
    [
        OperationalError("server closed the connection unexpectedly"),
        InterfaceError("connection already closed"),
        InternalError("cannot execute UPDATE in a read-only transaction"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_trouble_of_the_database_for_a_while_fails_a_deployment(monkeypatch, error):
    lifecycle.enqueue(python("print('done')"), make_user())
    deployment = lifecycle.claim_next("r")
    troubles = [error] * 2

    def finish_or_fail(*args):
        if troubles:
            raise troubles.pop()
        return finish(*args)

    def publish_or_fail(*args):
        if len(troubles) > 1:
            raise troubles.pop()
        return publish_many(*args)

    finish = lifecycle.finish
    monkeypatch.setattr(lifecycle, "finish", finish_or_fail)
    monkeypatch.setattr(output_module, "publish_many", publish_or_fail)
    # The test's own connection holds its transaction.
    monkeypatch.setattr(run_module.connections, "close_all", lambda: None)
    Run(deployment, grace=1.0, linger=1.0, on_end=lambda run: None)()
    deployment.refresh_from_db()
    assert (deployment.state, deployment.reason, troubles) == ("succeeded", "", [])
    assert log_of(deployment) == "done\n"


@pytest.mark.django_db
def test_a_failure_of_the_runner_ends_the_deployment_and_says_so(monkeypatch, caplog):
    def fail(self, bodies):
        raise RuntimeError("a bug of ours")

    lifecycle.enqueue(python("print('x', flush=True); import time; time.sleep(600)"), make_user())
    deployment = lifecycle.claim_next("r")
    monkeypatch.setattr(output_module.Output, "write", fail)
    monkeypatch.setattr(run_module.connections, "close_all", lambda: None)
    ended = []
    run = Run(deployment, grace=0.1, linger=0.1, on_end=ended.append)
    run()
    deployment.refresh_from_db()
    assert (deployment.state, deployment.exit_code) == ("failed", None)
    assert deployment.reason == "the runner failed; its own log says why"
    assert ended == [run] and "a bug of ours" in caplog.text
    assert not processes.group_is_alive(run.execution.pid)


def test_nothing_is_written_about_what_is_not_ours_any_more():
    run = Run(Deployment(pk=1, token="t", service=Service(uid="web")), 1, 1, None)
    assert run._persist(lambda: "written") == "written"
    run.disown()
    assert run._persist(lambda: "written") is None
