"""The soak itself, with few clients."""

import subprocess
import sys

import pytest

from tests.support import CHECKOUT


def test_a_soak_in_which_nothing_grows():
    done = subprocess.run(
        [sys.executable, "-m", "tests.labs.soak", "--sockets", "60", "--requests", "120"],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        timeout=300,
    )
    if "no Redis server is installed" in done.stdout:
        pytest.skip("no Redis server is installed")
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout
    assert " 0 not answered as they must be, " in lines[-2]
    assert lines[-1].startswith("Python 3.") and "grew" not in lines[-1]
