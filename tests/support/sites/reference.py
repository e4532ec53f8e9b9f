"""What the commands of the reference site make of an empty var folder: once a run, and copied."""

import os
import re
import subprocess

from tests.support import commands, shared


def manage(var, *arguments):
    """What a command prints; its errors fail the test."""
    done = commands.manage(*arguments, DEVOPS_VAR=str(var))
    assert done.returncode == 0, "%s\n%s\n%s" % (arguments, done.stdout, done.stderr)
    return done.stdout


def migrated():
    """The path of a database file without anything in its tables."""

    def make(var):
        manage(var, "migrate", "--noinput", "--verbosity", "0")

    return os.path.join(shared.once("migrated", make), "db.sqlite3")


def static():
    """The folder of its static files."""

    def make(var):
        manage(var, "collectstatic", "--noinput", "--verbosity", "0")

    return os.path.join(shared.once("static", make), "static")


def whole(var):
    """Have it all in `var`; returns the administrator's password."""

    def make(made):
        copy(os.path.dirname(migrated()), made)
        copy(static(), os.path.join(made, "static"))
        said = manage(made, "bootstrap")
        with open(os.path.join(made, "password"), "w") as file:
            file.write(re.search(r"password: (\S+)", said).group(1))

    made = shared.once("whole", make)
    copy(made, str(var))
    with open(os.path.join(made, "password")) as file:
        return file.read()


def copy(source, target):
    """All that is in a folder, into another one."""
    os.makedirs(target, exist_ok=True)
    subprocess.check_call(["cp", "-a", source + "/.", target])
