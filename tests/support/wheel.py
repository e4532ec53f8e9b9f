"""The wheel of this checkout, and an environment that has it."""

import functools
import os
import re
import shutil
import site
import subprocess
import sys
import sysconfig

import pytest

from tests.support import CHECKOUT, pythons, shared

NAME = "django_bridge"
DISTRIBUTION = "django-devops-bridge"


@functools.lru_cache(maxsize=None)
def path():
    """The wheel, made once; skips where no Python can make one."""
    builder = sys.executable
    if sys.version_info < (3, 7):  # hatchling is for later ones
        found = filter(None, (pythons.find("3.%d" % minor) for minor in range(13, 6, -1)))
        builder = next(found, None)
    if not builder:
        pytest.skip("the wheel is made by Python 3.7 or later, of which there is none here")
    words = [builder, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps"]

    def make(folder):
        subprocess.check_call(words + ["-w", folder, CHECKOUT], env=clean())

    folder = shared.once("wheel", make)
    (name,) = os.listdir(folder)
    return os.path.join(folder, name)


def virtual_environment(folder):
    """As `python -m venv`, with a copy of this environment's pip: ensurepip takes three seconds."""
    subprocess.check_call([sys.executable, "-m", "venv", "--without-pip", folder])
    ours = sysconfig.get_paths()["purelib"]
    theirs = os.path.join(folder, os.path.relpath(ours, sys.prefix))
    for name in os.listdir(ours):
        if re.match(r"(pip|setuptools|pkg_resources|_?distutils[-_]\w+)(-|\.pth$|$)", name):
            path = os.path.join(ours, name)
            copy = shutil.copytree if os.path.isdir(path) else shutil.copy
            copy(path, os.path.join(theirs, name))


def clean():
    """The environment of the tests without what they tell each other."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("DJANGO_")}
    for name in ("DEVOPS_VAR", "PYTHONPATH"):
        environ.pop(name, None)
    return environ


class Environment:
    """A virtual environment that sees the pins of this one, without its .pth files."""

    def __init__(self, folder):
        virtual_environment(folder)
        self.folder = folder
        self.python = os.path.join(folder, "bin", "python")
        self.purelib = self.prints("import sysconfig; print(sysconfig.get_paths()['purelib'])")
        with open(os.path.join(self.purelib, "pins.pth"), "w") as file:
            file.write("\n".join(site.getsitepackages()) + "\n")

    def run(self, *arguments, cwd=None, **environ):
        """(exit code, standard output, standard error)."""
        done = subprocess.run(
            [self.python] + list(arguments),
            cwd=str(cwd or self.folder),
            env=dict(clean(), **environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=120,
        )
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    def prints(self, code, cwd=None):
        status, said, error = self.run("-W", "ignore", "-c", code, cwd=cwd)
        assert status == 0, error
        return said

    def pip(self, *arguments):
        status, said, error = self.run("-m", "pip", "--disable-pip-version-check", *arguments)
        assert status == 0, said + error

    def left(self):
        """What of the bridge is in site-packages."""
        words = ("compat", "bridge", "deploy")
        return [name for name in os.listdir(self.purelib) if any(word in name for word in words)]
