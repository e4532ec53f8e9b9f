"""
A running stack for each file, and what its last test has to know of the others. Whom the doctor
asks is a fork of a warm process.
"""

import os
import subprocess
import sys

import pytest

from compat.doctor import child, examined
from tests.compat.doctor.stack import Stack
from tests.support import warm
from tests.support.nginx import nginx_or_skip


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Note in the module which of its tests were skipped, for want of a server."""
    outcome = yield
    if outcome.get_result().skipped:
        vars(item.module).setdefault("SKIPPED", set()).add(item.function.__name__)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    nginx_or_skip()
    stack = Stack(tmp_path_factory.mktemp("stack"))
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def views(stack):
    """What the healthy processes see, for tests that break what is between them and the world."""
    return examined.Site(examined.Options(stack.site.folder)).views


def starts_otherwise(environ):
    """Whether a Python with these variables runs something first that the warm one has not."""
    folders = environ.get("PYTHONPATH", "").split(os.pathsep)
    return any(os.path.exists(os.path.join(one, "sitecustomize.py")) for one in folders)


class Forks:
    """The module `subprocess` for the doctor: what it asks is a fork where that sees the same."""

    def __getattr__(self, name):
        return getattr(subprocess, name)

    @staticmethod
    def Popen(words, env=None, cwd=None, preexec_fn=None, **options):  # noqa: N802
        told = os.environ if env is None else env
        mine = words[:4] == [sys.executable, "-W", "ignore", "-c"]
        if not mine or preexec_fn or starts_otherwise(told):
            options.update(env=env, cwd=cwd, preexec_fn=preexec_fn)
            return subprocess.Popen(words, **options)
        return warm.piped(words[:1] + words[3:], warm.STACK, dict(told), cwd or os.getcwd())


@pytest.fixture(scope="module", autouse=True)
def forks(request):
    """Not of the command, nor of how a process is started: there it is one from nothing."""
    if request.module.__name__.endswith("test_child"):
        yield
        return
    child.subprocess = Forks()
    yield
    child.subprocess = subprocess
