"""Fixtures: a site with a database file of its own, and real runners on it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from django.contrib.auth import get_user_model
from django.db import connections

from deploy import lifecycle, logs
from deploy.models import Deployment, Service
from tests.support import CHECKOUT


def wait_until(ready, seconds=20.0, what="the condition"):
    """Return the first true result of ready(); AssertionError after that many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        result = ready()
        if result:
            return result
        assert time.monotonic() < deadline, f"{what} did not hold within {seconds:g} s"
        time.sleep(0.02)


def make_service(uid="web", command=("true",), **fields):
    """Save and return a service."""
    fields.setdefault("name", uid.title())
    return Service.objects.create(uid=uid, command=list(command), **fields)


def make_user(name="ann", superuser=False):
    """Save and return a user; the password is the name."""
    users = get_user_model().objects
    if superuser:
        return users.create_superuser(name, "", name)
    return users.create_user(name, password=name)


def log_of(deployment):
    """Return the whole text that a deployment wrote."""
    return "".join(logs.pieces(deployment, deployment.since, lifecycle.output_end(deployment)))


def without_colours(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def states_of(deployment):
    """Return the states in the stream of a deployment, in order."""
    from compat.streams import read

    bodies = [row.body for row in read(deployment.service.stream, 0, 5000)]
    return [b["state"] for b in bodies if b["k"] == "state" and b["d"] == deployment.pk]


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
        done = subprocess.run(
            self.command(*arguments),
            cwd=CHECKOUT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=60,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def runner(self, *arguments):
        """Start a runner in the background."""
        path = os.path.join(self.var, f"runner-{len(self.runners)}.log")
        with open(path, "wb") as log:
            process = subprocess.Popen(
                self.command("deploy_runner", "--poll", "0.05", *arguments),
                cwd=CHECKOUT,
                env=self.environment,
                stdout=log,
                stderr=log,
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
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory):
    var = tmp_path_factory.mktemp("migrated")
    site = RunnerSite(var)
    code, _, errors = site.manage("migrate", "--noinput", "--verbosity", "0")
    assert code == 0, errors
    return str(var / "db.sqlite3")


@pytest.fixture
def site(tmp_path, migrated_database, django_db_blocker):
    """A fresh site; models in this process use its database while the test runs."""
    var = tmp_path / "var"
    var.mkdir()
    shutil.copy(migrated_database, str(var / "db.sqlite3"))
    before, connection = connections.databases["default"], connections["default"]
    with django_db_blocker.unblock():
        connections.databases["default"] = dict(before, NAME=str(var / "db.sqlite3"))
        del connections["default"]
        site = RunnerSite(var)
        try:
            site.user = make_user("ann")
            yield site
        finally:
            site.close()
            connections["default"].close()
            connections.databases["default"] = before
            connections["default"] = connection
