"""The set of 2018, installed by the command that its file names, runs with the bridge."""

import os
import re
import subprocess
import sys

import pytest

from tests.support import CHECKOUT, binaries

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 7), reason="the set of 2018 is for Python 3.6"
)
FILE = os.path.join(CHECKOUT, "docs", "records", "original-set.txt")
# What the tests themselves need, and the reference site's settings.
OURS = ["-r", "tests/requirements.txt", "dj-database-url==0.5.0"]
RUN = [
    "tests/compat/patches/channels/test_request_finish.py",
    "tests/compat/test_commands.py",
    "tests/compat/streams/test_follow.py",
]


def test_it_installs_and_runs(tmp_path):
    subprocess.check_call([sys.executable, "-m", "venv", str(tmp_path / "venv")])
    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "PYTEST_ADDOPTS") and not name.startswith("DJANGO_")
    }
    environ["REDIS_SERVER_BIN"] = binaries.redis_server()  # that set brings none
    environ["PATH"] = str(tmp_path / "venv" / "bin") + os.pathsep + os.environ["PATH"]

    def run(command):
        done = subprocess.run(
            command,
            cwd=CHECKOUT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
        )
        assert done.returncode == 0, done.stdout[-3000:]
        return done.stdout

    with open(FILE) as file:
        [command] = re.findall(r"^#     (pip .+)$", file.read(), re.M)
    for part in command.split(" && "):
        run(part.split())
    run(["pip", "install"] + OURS)
    versions = run(["pip", "freeze"])
    assert "Django==1.11.10" in versions and "asgiref==2.1.6" in versions
    run(["python", "-m", "compat", "activate"])
    said = run(["python", "-m", "pytest", "-q", "-p", "no:cacheprovider"] + RUN)
    assert re.search(r"\d+ passed", said) and "failed" not in said
