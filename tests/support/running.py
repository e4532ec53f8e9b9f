"""How tests are run: hooks of pytest for all rooms, imported by tests/conftest.py."""

import gc
import os
import shlex
import subprocess
import sys

import pytest

from tests.support import CHECKOUT, shared
from tests.support.orphans import Watcher


def pytest_addoption(parser):
    parser.addoption(
        "--no-processes",
        action="store_true",
        help="skip each test at the moment it starts a process: seconds instead of minutes",
    )


watcher = Watcher()


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "source: reads our files and runs none of them, so one Python says what all would;"
        " `make smoke` leaves it out",
    )
    watcher.folders = shared.own
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


LONG_ID = 200


def pytest_make_parametrize_id(val):
    """Megabytes are in no test's name: workers send all of them, and failures print them."""
    if isinstance(val, (str, bytes)) and len(ascii(val[:LONG_ID])) > LONG_ID:
        return "%s... %d long" % (ascii(val[:20]).lstrip("b")[1:-1], len(val))
    return None


@pytest.hookimpl(hookwrapper=True)
def pytest_collection(session):
    """What is made here lives as long as the run: nobody looks through it for what is forgotten."""
    gc.disable()
    if hasattr(session.config, "workerinput"):
        # The first rewrites the asserts of all modules; the others find them in __pycache__.
        with shared.one_first("collected"):
            yield
    else:
        yield
    if hasattr(gc, "freeze"):  # not on Python 3.6
        gc.freeze()
    gc.enable()


# Files that want the one site and the browser of a session: each worker would start its own.
STACK = "live_page health logins over_http page_details protocol shared_socket site_security"
STACK = ["tests/e2e/test_%s.py" % name for name in (STACK + " wire_contract").split()]
HOSTILE = "tests/labs/hostile/"  # these want another one, which is looked at all the time
LONG = [  # half a minute and more in one file
    *STACK,
    HOSTILE,
    "tests/deploy_conf/test_reload.py",
    "tests/labs/chaos/",
    "tests/e2e/test_nodes.py",
    "tests/compat/streams/test_daphne.py",
    "tests/compat/doctor/test_findings.py",
    "tests/deploy_conf/test_up_faults.py",
]
SLOW = LONG + ["tests/labs/", "tests/e2e/", "tests/deploy_conf/"]


def pytest_collection_modifyitems(items):
    """The slow files first: at the end the others would wait for one."""
    places = {}

    def place(item):
        path = item.nodeid.partition("::")[0]
        if path not in places:
            starts = [n for n, start in enumerate(SLOW) if path.startswith(start)]
            places[path] = min(starts, default=len(SLOW))
        return places[path]

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """What shares a stack goes to one worker, as what is in one file does."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            path = super()._split_scope(nodeid)
            if path.startswith(HOSTILE):
                return HOSTILE
            return STACK[0] if path in STACK else path

    return Scheduling(config, log)


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
