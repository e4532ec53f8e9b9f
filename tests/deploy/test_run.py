"""One run, in this process, with a database that fails at times."""

import pytest
from django.db import InterfaceError, InternalError, OperationalError

from compat.streams import publish_many
from deploy import lifecycle
from deploy import output as output_module
from deploy import run as run_module
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
