"""One deployment on its way: the command runs, what it writes is written down, its end as well."""

import logging
import threading

from django.db import InterfaceError, InternalError, OperationalError, connections

from deploy import entries, lifecycle, processes
from deploy.execution import CannotStart, Execution
from deploy.models import Deployment
from deploy.output import Output

logger = logging.getLogger(__name__)

# InternalError: PostgreSQL's for a transaction that may only read, as in a failover.
DATABASE_TROUBLE = (OperationalError, InterfaceError, InternalError)


class Run(object):
    """One claimed deployment: what writes about it, and the execution it writes about."""

    def __init__(self, deployment, grace, linger, on_end):
        self.deployment = deployment
        self.execution = Execution(deployment, grace=grace, linger=linger)
        self.abandoned = threading.Event()
        self._on_end = on_end

    def disown(self):
        """The row is not ours any more: stop the command and write nothing about it."""
        self.abandoned.set()
        self.execution.stop(Deployment.LOST, "somebody else ended this deployment")

    def __call__(self):
        try:
            self._execute()
        except Exception:
            logger.exception("deployment %s: the runner failed", self.deployment.pk)
            self._give_up()
        finally:
            connections.close_all()
            self._on_end(self)

    def _give_up(self):
        self.execution.stop(Deployment.FAILED, "the runner failed")
        while self.execution.pid is not None and self.execution.outbox.take() is not None:
            pass
        reason = "the runner failed; its own log says why"
        self._persist(lifecycle.finish, self.deployment, Deployment.FAILED, None, reason)

    def _execute(self):
        deployment, execution = self.deployment, self.execution
        output = Output(deployment)
        try:
            execution.start()
        except CannotStart as error:
            execution.outbox.note(f"cannot start: {error}")
            execution.outbox.close()
            outcome = (Deployment.FAILED, None, str(error))
        else:
            outcome = None
            mark = processes.process_mark(execution.pid)
            self._persist(lifecycle.record_process, deployment, execution.pid, mark)
        while True:
            pieces = execution.outbox.take()
            if pieces is None:
                break
            bodies = [entries.output(deployment, piece) for piece in pieces]
            self._persist(output.write, bodies)
        if self._persist(lifecycle.finish, deployment, *(outcome or execution.outcome)):
            logger.info("deployment %s: %s %s", deployment.pk, deployment.state, deployment.reason)

    def _persist(self, operation, *args):
        """Do it however long the database takes: nothing is read from the pipe meanwhile."""
        delay = 0.1
        while not self.abandoned.is_set():
            try:
                return operation(*args)
            except DATABASE_TROUBLE as error:
                logger.warning(
                    "deployment %s: the database does not take it: %s", self.deployment.pk, error
                )
                connections.close_all()
                self.abandoned.wait(delay)
                delay = min(2 * delay, 5.0)
        return None
