"""Commands of this environment's Python, run to their end."""

import os
import subprocess
import sys

from tests.support import CHECKOUT, warm


def run(
    *arguments,
    env=None,
    cwd=CHECKOUT,
    timeout=200,
    cold=False,
    load=warm.STACK,
    python=sys.executable,
):
    """
    What `python ARGUMENTS` did: .returncode, and as text .stdout and .stderr.

    load: what it may have imported before, as in warm.
    cold: in a process of its own from its start on; most are forked from a warm one. That of
    another `python` is cold.
    """
    words = [python] + list(arguments)
    env = dict(os.environ) if env is None else env
    if not cold and python == sys.executable:
        return warm.run(words, load, env, cwd, timeout)
    return subprocess.run(
        words,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        timeout=timeout,
    )


def manage(*arguments, **environ):
    """What a command of the reference site did."""
    return run("manage.py", *arguments, env=dict(os.environ, PYTHONWARNINGS="ignore", **environ))
