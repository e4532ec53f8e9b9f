"""The reference site on a database file of its own, and real runners on it."""

import os
import signal
import sys

from deploy import lifecycle
from deploy.models import Deployment
from tests.support import CHECKOUT, commands, warm
from tests.support.records import log_of
from tests.support.servers import stop
from tests.support.wait import wait_until


class RunnerSite(object):
    """A var folder with a migrated database that other processes can open, too."""

    def __init__(self, var):
        self.var = str(var)
        self.environment = dict(os.environ, DEVOPS_VAR=self.var, PYTHONWARNINGS="ignore")
        self.runners = []

    def command(self, *arguments):
        return [sys.executable, "manage.py"] + list(arguments)

    def manage(self, *arguments):
        """Run a command to its end; returns (exit code, output, errors)."""
        done = commands.run("manage.py", *arguments, env=self.environment)
        return done.returncode, done.stdout, done.stderr

    def runner(self, *arguments, cold=False):
        """Start a runner in the background; cold: it is to have this process' signals."""
        return self.start(*self.command("deploy_runner", "--poll", "0.05", *arguments), cold=cold)

    def start(self, *words, cold=False):
        """The same, by the words of a command."""
        path = os.path.join(self.var, f"runner-{len(self.runners)}.log")
        with open(path, "wb") as log:
            process = warm.popen(
                words,
                warm.STACK,
                cwd=CHECKOUT,
                env=self.environment,
                stdout=log,
                cold=cold,
            )
        process.log = path
        self.runners.append(process)
        return process

    def enqueue(self, service, user=None):
        return lifecycle.enqueue(service, user or self.user)[0]

    def wait_for(self, deployment, *states, seconds=20):
        """Wait until a deployment has one of the states (a final one, if none is given)."""
        states = states or Deployment.FINAL

        def reached():
            deployment.refresh_from_db()
            return deployment.state in states

        wait_until(reached, seconds, f"state of {deployment} in {states}")
        return deployment

    def wait_for_text(self, deployment, text):
        def written():
            deployment.refresh_from_db()
            return text in log_of(deployment)

        wait_until(written, what=f"{text!r} in the log")

    def close(self):
        for process in self.runners:
            process.send_signal(signal.SIGTERM)
            stop(process)  # at the second one it does not wait for what runs
