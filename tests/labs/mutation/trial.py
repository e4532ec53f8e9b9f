"""A copy of the checkout in which a room's tests are run against one mutant after the other."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

LEFT_OUT = ("var", "__pycache__")
MARK = "MUTATION_TRIAL"
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.M)  # a line of pytest's summary


class Interrupted(Exception):
    """Somebody else ended the run."""


class Trial:
    """`folder` gets a copy of `root`; nothing else is written, but for a folder in /tmp."""

    def __init__(self, root, folder):
        self.root, self.folder = root, folder
        self.process = None
        self.stopping = False
        self.python = sys.executable
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(root, folder, ignore=left_out, symlinks=True)
        if os.path.realpath(sys.prefix).startswith(os.path.realpath(root) + os.sep):
            self._copy_environment()
        # Checked by content: a mutant has the age, and often the size, of the original.
        command = [self.python, "-m", "compileall", "-q", "-x", "/templates/"]
        command += ["--invalidation-mode", "checked-hash"]
        places = [one for one in os.listdir(folder) if one[0] != "."]
        subprocess.run(command + places, cwd=folder, stdout=subprocess.DEVNULL, check=False)

    def _copy_environment(self):
        """The environment is activated for one checkout: this one gets its own, of hard links."""
        old = sys.prefix
        new = os.path.join(self.folder, os.path.basename(old))
        shutil.copytree(old, new, symlinks=True, copy_function=os.link)
        inside = os.path.relpath(sys.executable, old)
        self.python = os.path.join(new, inside)
        scripts = os.path.join(new, os.path.dirname(inside))
        paths = [os.path.join(scripts, name) for name in os.listdir(scripts)]
        for folder, _, names in os.walk(new):
            paths += [os.path.join(folder, name) for name in names if name.endswith(".pth")]
        for path in paths:
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                data = file.read()
            changed = data.replace(os.fsencode(self.root), os.fsencode(self.folder))
            if changed != data and b"\0" not in data:
                mode = os.stat(path).st_mode
                os.unlink(path)  # the other name of the file is the real environment's
                with open(path, "wb") as file:
                    file.write(changed)
                os.chmod(path, mode)

    def ask(self, mutant, tests, one):
        """(status, the test that failed) for a mutant; status: killed, timeout or survived."""
        path = os.path.join(self.folder, mutant.path)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(mutant.mutated)
        try:
            # For pytest-timeout, where that is installed.
            options = ["-x", "-o", "timeout=%d" % one.longest()] + one.options
            code, late, output = self.run(tests, one.bound(), *options)
        finally:
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(mutant.source)
        if late:
            return "timeout", ""
        if code == 0:
            return "survived", ""
        failed = FAILED.search(output)
        return "killed", failed.group(1) if failed else ""

    def run(self, tests, seconds, *options):
        """(exit code, whether it took too long, output) of pytest."""
        # Short: there will be sockets in it.
        temporary = tempfile.mkdtemp(prefix="mut-")
        os.chmod(temporary, 0o1777)  # as /tmp: databases of other accounts write there
        environ = dict(os.environ, TMPDIR=temporary, PYTHONPATH=self.folder)
        environ[MARK] = self.folder
        command = [self.python, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider"]
        self.process = subprocess.Popen(
            command + list(options) + tests,
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            errors="replace",
            start_new_session=True,
        )
        if self.stopping:  # it was told while there was nothing to end
            kill(os.killpg, self.process.pid)
        try:
            output, _ = self.process.communicate(timeout=seconds)
            code = self.process.returncode
            if self.stopping:
                raise Interrupted()
            return code, False, output
        except subprocess.TimeoutExpired:
            return None, True, ""
        finally:
            self._end()
            shutil.rmtree(temporary, ignore_errors=True)

    def stop(self):
        """End what runs, from another thread."""
        self.stopping = True
        if self.process is not None:
            kill(os.killpg, self.process.pid)

    def _end(self):
        """End what is left of a run, and whatever it has started."""
        if self.process is not None:
            kill(os.killpg, self.process.pid)
        for pid in started_in(self.folder):
            kill(os.kill, pid)
        if self.process is not None:
            self.process.wait()
            self.process.stdout.close()
            self.process = None


def left_out(folder, names):
    """What a copy does without: what is written, and what begins with a dot."""
    return [name for name in names if name in LEFT_OUT or name[0] == "." and name != ".ci"]


def kill(how, pid):
    try:
        how(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def started_in(folder):
    """Processes of ours that the tests of a copy have left; they carry its mark."""
    mark = os.fsencode("%s=%s" % (MARK, folder))
    for pid in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        try:
            with open("/proc/%s/environ" % pid, "rb") as file:
                if int(pid) != os.getpid() and mark in file.read().split(b"\0"):
                    yield int(pid)
        except OSError:
            continue


def now():
    return time.monotonic()
