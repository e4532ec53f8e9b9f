"""The reference site's commands, as an administrator runs them."""

import os
import subprocess
import sys

from tests.support import CHECKOUT


def manage(*arguments, **environ):
    """What a command of the reference site prints."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=CHECKOUT,
        env=dict(os.environ, PYTHONWARNINGS="ignore", **environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
