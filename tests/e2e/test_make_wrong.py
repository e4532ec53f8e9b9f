"""A make command that cannot work gets one line, and leaves nothing."""

import os
import shutil
import subprocess
import sys
import tempfile

import pytest

from tests.support import CHECKOUT, binaries
from tests.support.servers import as_user

pytestmark = pytest.mark.skipif(not binaries.on_path("make"), reason="no make")
# A Python that answers some questions as this one, and others as none.
FAKE = '#!/bin/sh\ncase "$*" in %s) exit 1;; esac\nexec %s "$@"\n'


@pytest.fixture
def folder():
    """What make reads of a checkout, where anybody may go to."""
    with tempfile.TemporaryDirectory(prefix="make-") as folder:
        os.makedirs(os.path.join(folder, "compat"))
        for name in ("Makefile", "requirements.txt", "compat/requirements.txt"):
            shutil.copy(os.path.join(CHECKOUT, name), os.path.join(folder, name))
        os.chmod(folder, 0o755)
        yield folder


def python(folder, script):
    """The path of an interpreter that is a shell script."""
    path = os.path.join(folder, "python-of-test")
    with open(path, "w") as file:
        file.write(script)
    os.chmod(path, 0o755)
    return path


def make(folder, *words, user=None, target="test", status=2):
    """What it says besides its own `make: ***`, and what is in the folder that was not."""
    before = set(os.listdir(folder))
    done = subprocess.run(
        as_user(user, ["make", "-s", target] + list(words)),
        cwd=folder,
        env=dict(os.environ, DEVOPS_VAR=os.path.join(folder, "var")),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    assert done.returncode == status, done.stdout
    lines = [line for line in done.stdout.splitlines() if not line.startswith("make")]
    return lines, set(os.listdir(folder)) - before


@pytest.mark.parametrize(
    "refuses, said",
    [
        ("*", "does not run here"),
        ("*version_info*", "is not one of CPython 3.6 to 3.13"),
        ("*ensurepip*", "has no venv module"),
    ],
)
def test_a_python_that_will_not_do(folder, refuses, said):
    path = python(folder, FAKE % (refuses, sys.executable))
    (line,), left = make(folder, "PYTHON=" + path)
    assert line.startswith(path + " " + said) and "PYTHON=" in line
    assert not left


@pytest.mark.parametrize("name", ["python9.9", "/bin/true", "/bin/echo"])
def test_what_is_no_python(folder, name):
    (line,), left = make(folder, "PYTHON=" + name)
    assert line.startswith(name + " does not run here") and not left


def test_a_folder_that_cannot_be_written_to(folder):
    path = python(
        folder, '#!/bin/sh\ncase "$*" in *print*) echo 7;; esac\n'
    )  # this one might be where nobody else may look
    if os.getuid() != 0:
        os.chmod(folder, 0o555)
    (line,), left = make(folder, "PYTHON=" + path, user="nobody")
    assert line.startswith(folder + " cannot be written to: say VENV=") and not left


@pytest.mark.parametrize("mark", ["for-python-of-test", "for-python9.9"])
def test_the_environment_of_a_running_site_is_not_replaced(folder, mark):
    """By a Python of another name, nor by another one of the same name."""
    path = python(folder, '#!/bin/sh\nexec %s "$@"\n' % sys.executable)
    os.makedirs(os.path.join(folder, "var", "run"))
    os.makedirs(os.path.join(folder, ".venv", "bin"))
    with open(os.path.join(folder, ".venv", mark), "w") as file:
        file.write("Python 3.5.1\n")
    inner = os.path.join(folder, ".venv", "bin", "python")
    with open(inner, "w") as file:
        file.write('#!/bin/sh\ntest "$*" = "-m deploy_conf status" && echo nginx RUNNING 1\n')
    os.chmod(inner, 0o755)
    (line,), left = make(folder, "PYTHON=" + path)
    assert line.startswith("the site runs from .venv, which would be replaced: make down first")
    assert not left and os.path.exists(inner)
    assert sorted(os.listdir(os.path.join(folder, ".venv"))) == ["bin", mark]


def test_a_python_that_does_not_run_now_leaves_the_environment_made_for_it(folder):
    """As one of pyenv's, where another version is chosen meanwhile."""
    path = python(folder, "#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
    os.mkdir(os.path.join(folder, ".venv"))
    with open(os.path.join(folder, ".venv", "for-python-of-test"), "w") as file:
        file.write("Python 3.11.7\n")
    open(os.path.join(folder, ".venv", "installed"), "w").close()
    lines, left = make(folder, "PYTHON=" + path, target="venv", status=0)
    assert not lines and not left
    assert sorted(os.listdir(os.path.join(folder, ".venv"))) == ["for-python-of-test", "installed"]


def test_an_environment_that_make_did_not_make(folder):
    os.mkdir(os.path.join(folder, ".venv"))
    (line,), _ = make(folder, "PYTHON=" + sys.executable)
    assert line.startswith(".venv was not made by make: move it away, or say VENV=")
    assert os.listdir(os.path.join(folder, ".venv")) == []


@pytest.mark.parametrize("stops", [True, False])
def test_clean_removes_nothing_while_the_site_runs(folder, stops):
    os.makedirs(os.path.join(folder, "var", "run"))
    os.makedirs(os.path.join(folder, ".venv", "bin"))
    script = "#!/bin/sh\necho Traceback\necho 'the site does not stop' >&2\nexit %d\n" % (not stops)
    os.rename(python(folder, script), os.path.join(folder, ".venv", "bin", "python"))
    lines, _ = make(folder, target="clean", status=0 if stops else 2)
    said = "nothing is removed, since the site could not be stopped: the site does not stop"
    assert lines == ([] if stops else [said])
    left = {".venv", "var"} & set(os.listdir(folder))
    assert left == (set() if stops else {".venv", "var"})
