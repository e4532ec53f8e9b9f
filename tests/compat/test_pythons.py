"""A Python that is too old gets one line; one that is too new as well, and is served."""

import os
import subprocess
import sys

import pytest

from tests.support import CHECKOUT, pythons

OLD = ["2.7", "3.5"]
NEW = """
import sys
from collections import namedtuple

{pretend}
import compat
compat.install()
import django
print("served")
"""
NEWER = """
import os
os.environ["COMPAT_DISABLE"] = "python.*"  # they go by the version, and this is another's library
Version = namedtuple("Version", "major minor micro releaselevel serial")
sys.version_info = Version(3, 14, 0, "final", 0)
"""


def interpreter(version):
    """A Python that runs, or a skip."""
    return pythons.find(version) or pytest.skip("no Python %s is installed" % version)


def run(*command):
    """(exit code, standard output, standard error) in the checkout, without our environment."""
    process = subprocess.run(
        command,
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    return process.returncode, process.stdout.strip(), process.stderr.strip()


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize(
    "command", [("manage.py", "check"), ("-m", "compat", "status"), ("-m", "deploy_conf", "status")]
)
def test_a_python_that_is_too_old_says_so_in_one_line(version, command):
    code, said, error = run(interpreter(version), *command)
    assert (code, said) == (1, "")
    assert "needs Python 3.6 or newer, this is " + version in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize("version", OLD)
def test_make_names_the_pythons_it_can_use(version, tmp_path):
    venv = str(tmp_path / "venv")
    code, said, error = run("make", "venv", "PYTHON=" + interpreter(version), "VENV=" + venv)
    assert code and "is not one of CPython 3.6 to 3.13" in said
    assert "Traceback" not in error and not os.path.exists(venv)


def test_a_python_that_is_too_new_says_so_where_django_runs():
    lines = {}
    for pretend in ("", NEWER):
        code, said, error = run(sys.executable, "-S", "-c", with_path(NEW.format(pretend=pretend)))
        assert (code, said) == (0, "served"), error
        lines[pretend] = error
    assert lines[""] == ""
    assert lines[NEWER].splitlines() == [
        "Python 3.14 is newer than any the bridge was tested with; the newest is 3.13."
    ]


def with_path(code):
    """-S leaves out the .pth that would install compat first."""
    return "import sys; sys.path[:0] = %r\n%s" % ([p for p in sys.path if p], code)
