"""A stock Django 1.11 project of somebody else's, with the bridge installed."""

import os
import site
import subprocess
import sys

from tests.support import commands, wheel
from tests.support.nginx import skip_without


class Adopter(object):
    """A stock Django 1.11 project in an environment of its own, with the bridge installed."""

    def __init__(self, folder):
        self.venv = str(folder / "venv")
        self.python = os.path.join(self.venv, "bin", "python")
        self.folder = str(folder / "my site")  # people have such folders
        environ = {k: v for k, v in os.environ.items() if not k.startswith("DJANGO_")}
        del environ["DEVOPS_VAR"], environ["PYTHONPATH"]
        self.environ = environ

    def make(self):
        self.make_environment()
        self.install()
        self.start_project()

    def make_environment(self):
        """One that has Django and the other packages, and not the bridge."""
        wheel.virtual_environment(self.venv)
        purelib = self.python_prints("import sysconfig; print(sysconfig.get_paths()['purelib'])")
        # The pins are there already; a path line shows them without their own .pth files.
        with open(os.path.join(purelib, "pins.pth"), "w") as file:
            file.write("\n".join(site.getsitepackages()) + "\n")
        for name in ("supervisord", "supervisorctl", "daphne", "uwsgi"):
            self.script(name)

    def install(self):
        """The bridge, as pip brings it."""
        pip = [self.python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.check_call(pip + ["--no-deps", "--no-compile", wheel.path()], env=self.environ)

    def start_project(self):
        os.mkdir(self.folder)
        self.python_prints(
            "from django.core.management import execute_from_command_line as run;"
            "run(['django-admin', 'startproject', 'mysite', '.'])"
        )

    def script(self, name):
        """The console script as pip would have written it for this environment."""
        with open(os.path.join(os.path.dirname(sys.executable), name)) as file:
            lines = file.read().split("\n", 1)
        path = os.path.join(self.venv, "bin", name)
        with open(path, "w") as file:
            file.write("#!%s\n%s" % (self.python, lines[1]))
        os.chmod(path, 0o755)

    def run(self, *arguments):
        """What it prints."""
        cwd = self.folder if os.path.isdir(self.folder) else None
        done = commands.run(
            *arguments, env=self.environ, cwd=cwd, timeout=120, python=self.python
        )  # fmt: skip
        skip_without(done.stderr)
        assert done.returncode == 0, "%s\n%s\n%s" % (arguments, done.stdout, done.stderr)
        self.said = done.stdout + done.stderr
        return done.stdout

    def python_prints(self, code):
        return self.run("-c", code).strip()

    def text(self, name):
        with open(os.path.join(self.folder, name)) as file:
            return file.read()

    def edit(self, name, change):
        """Write a file of the site anew, as change(text) returns it."""
        text = self.text(name)
        changed = change(text)
        assert changed != text, "nothing to change in %s" % name
        self.write(name, changed)

    def write(self, name, text, mode="w"):
        with open(os.path.join(self.folder, name), mode) as file:
            file.write(text)

    def insert(self, name, before, text):
        with open(os.path.join(self.folder, name)) as file:
            code = file.read()
        assert before in code
        self.write(name, code.replace(before, text + before, 1))
