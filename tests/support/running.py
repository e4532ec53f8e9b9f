"""How tests are run: hooks of pytest for all rooms, imported by tests/conftest.py."""

import os
import shlex
import subprocess
import sys

import pytest

from tests.support import CHECKOUT
from tests.support.orphans import Watcher


def pytest_addoption(parser):
    parser.addoption(
        "--no-processes",
        action="store_true",
        help="skip each test at the moment it starts a process: seconds instead of minutes",
    )


watcher = Watcher()


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: needs the machine to itself; run after the others")
    watcher.begin()


def pytest_unconfigure(config):
    watcher.end()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    if not item.config.getoption("--no-processes"):
        yield
        return
    # No list to keep: what starts a process is known when it does.
    kept = subprocess.Popen.__init__, os.fork
    subprocess.Popen.__init__ = os.fork = skip
    try:
        yield
    finally:
        subprocess.Popen.__init__, os.fork = kept


SLOW = ("tests/labs/", "tests/e2e/", "tests/deploy_conf/")  # minutes in one file


def pytest_collection_modifyitems(items):
    """The slow files first: at the end the others would wait for one."""
    items.sort(key=lambda item: not item.nodeid.startswith(SLOW))


def skip(*args, **kwargs):
    pytest.skip("starts a process")


def pytest_terminal_summary(terminalreporter):
    """For each failure, the one command that repeats it."""
    failed = terminalreporter.stats.get("failed", []) + terminalreporter.stats.get("error", [])
    names = sorted({report.nodeid for report in failed})
    if names:
        terminalreporter.section("to repeat")
        python = os.path.relpath(sys.executable, CHECKOUT)
        if python.startswith(os.pardir):
            python = sys.executable
        for name in names:
            terminalreporter.write_line("%s -m pytest %s" % (python, shlex.quote(name)))
