"""Which interpreters are installed. Needs no package."""

import glob
import os
import shutil
import subprocess


def find(name):
    """The path of an interpreter that runs, on PATH or in pyenv's folder; None when absent."""
    paths = [shutil.which("python" + name)]
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    installed = glob.glob(os.path.join(root, "versions", name + ".*", "bin", "python" + name))
    paths += sorted(installed, key=os.path.getmtime, reverse=True)
    for path in filter(None, paths):
        if version(path).startswith(name + "."):  # pyenv's shims exist, and may not run
            return path
    return None


def version(python):
    """What the interpreter says it is, "" when it does not run."""
    code = "import platform; print(platform.python_version())"
    done = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.decode().strip()
