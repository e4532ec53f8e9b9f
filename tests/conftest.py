"""Sets the reference site up for tests: its own var folder, never the checkout's."""

import os
import re
import shutil
import signal
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from tests.support import CHECKOUT, shared  # noqa: E402


def makefile_variables():
    """What a user may say to make; make puts it into the environment, too."""
    with open(os.path.join(CHECKOUT, "Makefile")) as file:
        return re.findall(r"\$\(([A-Z]+)\)", file.read())


shared.begin()  # before anything asks for the temporary folder

# Subprocesses of tests (runner, daphne, manage.py) see the same folder.
VAR = tempfile.mkdtemp(prefix="var-")
os.environ["DEVOPS_VAR"] = VAR
os.environ["DJANGO_SETTINGS_MODULE"] = "devops.settings"
os.environ["PYTHONPATH"] = CHECKOUT
for name in (
    "SECRET_KEY",
    "DEBUG",
    "ALLOWED_HOSTS",
    "DATABASE_URL",
    "REDIS_URL",
    "LAYER_KEYS",
    "DEPLOY_KEYS",
    "BEHIND_TLS",
    # Of the make that runs the tests: one that a test runs would take its variables.
    "MAKEFLAGS",
    "MFLAGS",
    "MAKELEVEL",
    "MAKEOVERRIDES",
    *makefile_variables(),
    # Of a developer's shell: output is waited for, and modules compiled, as on a user's machine.
    "PYTHONUNBUFFERED",
    "PYTHONDONTWRITEBYTECODE",
):
    os.environ.pop(name, None)
sys.dont_write_bytecode = False  # in this process, too: the next one need not rewrite all asserts

# Tests send these; nohup, or a shell's background job, would have children ignore them.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

import compat  # noqa: E402

compat.install()  # before pytest-django imports Django

pytest_plugins = ["tests.support.fixtures", "tests.support.running"]


def pytest_configure(config):
    from django.conf import settings

    settings.PASSWORD_PBKDF2_ITERATIONS = 1000  # in this process: tests make many users


def pytest_unconfigure(config):
    shutil.rmtree(VAR, ignore_errors=True)
    shared.end(os.getpid())
