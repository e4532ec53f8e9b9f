"""The environment of today's stack, made on demand in var/bench, with a Python of its own."""

import os
import shutil
import subprocess

from tests.support import pythons

from .failure import Failed
from .processes import ROOT

PYTHON = "3.13"
PINS = (
    "Django==5.2.*",
    "channels==4.*",
    "daphne==4.*",
    "channels-redis==4.*",
    "redis<8",  # 8 waits as long for an answer as the core layer's command that waits
    "uvicorn[standard]",
    "dj-database-url",
)
FOLDER = os.path.join(ROOT, "var", "bench", "peers-python" + PYTHON)
SHOWN = ("django", "channels", "daphne", "channels-redis", "redis", "uvicorn", "uvloop", "twisted")


def interpreter(say):
    """Its path; Failed says in one line why there is none."""
    python, stamp = os.path.join(FOLDER, "bin", "python"), os.path.join(FOLDER, "made")
    if os.path.exists(stamp) and open(stamp).read() == "\n".join(PINS):
        return python
    base = pythons.find(PYTHON)
    if base is None:
        raise Failed("the peers need Python %s, which is not installed" % PYTHON)
    say("installing the peers into %s" % os.path.relpath(FOLDER, ROOT))
    shutil.rmtree(FOLDER, ignore_errors=True)
    _call([base, "-m", "venv", FOLDER])
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    _call(pip + ["--retries", "1", "--timeout", "20"] + list(PINS))
    with open(stamp, "w") as file:
        file.write("\n".join(PINS))
    return python


def versions(python):
    """What is in the environment, as text."""
    done = subprocess.run(
        [python, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        universal_newlines=True,
    )
    found = dict(line.lower().replace("_", "-").split("==") for line in done.stdout.split())
    shown = ["%s %s" % (name, found[name]) for name in SHOWN if name in found]
    return "CPython %s, %s" % (pythons.version(python), ", ".join(shown))


def _call(command):
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True
    )
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if "ERROR" in line]
        lines = lines or done.stdout.splitlines() or ["exit status %d" % done.returncode]
        raise Failed("the peers cannot be installed: %s" % lines[-1].strip()[:300])
