"""
Starts Python in forks of processes that have imported already what it needs.

Most of a short process' CPU time would be the same imports as the last one's. See warm_server.
What tests at the start of a process itself is started as usual: `PROBES=cold` does so with all.
"""

import collections
import functools
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from compat import patches
from compat.patching.patch import is_named
from tests.support import CHECKOUT
from tests.support.warm_server import receive, send

# Of names, `__main__` gets none.
START = """
try:
    exec(__import__('tests.support.warm_server', fromlist=['serve']).serve(%d))
except SystemExit as __:
    __import__('tests.support.warm_server', fromlist=['end']).end(__.code)
    raise
else:
    __import__('tests.support.warm_server', fromlist=['end']).end()
"""
WEB = ("DJANGO",)
STACK = ("TWISTED", "DJANGO", "CHANNELS")
# The folders of patches whose libraries these import: who disables one of the others can share.
FOLDERS = {
    "TWISTED": ("aioredis", "cryptography"),
    "DJANGO": ("django", "security", "drivers"),
    "CHANNELS": ("asgiref", "channels", "channels_redis", "daphne"),
    "FUZZ": (),
}
KEPT = 12  # processes, each for other variables
COLD = os.environ.get("PROBES") == "cold"


class Process(object):
    """What a test needs of a Popen."""

    stdin = stdout = stderr = returncode = reader = None

    def __init__(self, args, control):
        self.args, self.control = args, control
        self.pid = receive(control)[0]
        assert self.pid, "the process that forks others has ended"

    def communicate(self, timeout=None):
        """(standard output, standard error) of one that spawn() started, from where it was read."""
        if self.reader is None:
            self.said = []
            self.reader = threading.Thread(target=self._read, daemon=True)
            self.reader.start()
        self.reader.join(timeout)
        if self.reader.is_alive():
            raise subprocess.TimeoutExpired(self.args, timeout)
        self.wait(timeout)
        self.said.append(self.stderr.read())
        self.stdout.close()
        self.stderr.close()
        return tuple(self.said)

    def poll(self):
        if self.returncode is None and select.select([self.control], [], [], 0)[0]:
            self._ended(receive(self.control)[0])
        return self.returncode

    def wait(self, timeout=None):
        if self.returncode is None:
            if not select.select([self.control], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout)
            self._ended(receive(self.control)[0])
        return self.returncode

    def _read(self):
        self.said.append(self.stdout.read())

    def _ended(self, status):
        self.control.close()
        if status is None:  # whoever attended it was killed
            status = signal.SIGKILL
        # As os.waitstatus_to_exitcode() of Python 3.9.
        killed = os.WIFSIGNALED(status)
        self.returncode = -os.WTERMSIG(status) if killed else os.WEXITSTATUS(status)

    def send_signal(self, signum):
        if self.poll() is None:
            try:
                os.kill(self.pid, signum)
            except ProcessLookupError:
                pass  # it has just ended: poll() will know in a moment

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Warm(object):
    """The processes of this one, which end with it."""

    def __init__(self):
        # (variables, what is disabled and was imported, step by step) → its socket
        self.sockets = collections.OrderedDict()
        self.lock = threading.RLock()  # one question at a time: threads start processes, too

    def start(
        self, args, load, env, cwd, stdout, stderr, pass_fds=(), stdin=None, imports=None, head=""
    ):
        """
        A Process: of `python -c code`, `python -m module …`, `python script …` or `script …`.

        load: names of warm_server's lists; imports: the variables with which these are imported,
        where they are others. stdout, stderr, stdin: files. head: source that is run once, with
        which the code of `python -c` begins.
        """
        words = list(args[args[0] == sys.executable :])
        request = {"environ": env, "cwd": cwd, "code": "", "argv": words, "path": []}
        if words[0] in ("-c", "-m"):
            request["code"] = words.pop(1)
        if env.get("PYTHONPATH", CHECKOUT) != CHECKOUT:
            request["path"] = [
                one for one in env["PYTHONPATH"].split(os.pathsep) if one != CHECKOUT
            ]
        descriptors = [stdout.fileno(), stderr.fileno()] + list(pass_fds)
        request["descriptors"] = [1, 2] + list(pass_fds)
        if stdin:
            descriptors, request["descriptors"] = (
                descriptors + [stdin.fileno()], request["descriptors"] + [0],
            )  # fmt: skip
        with self.lock:
            try:
                prepared = self._prepared(env if imports is None else imports, load, head)
                return Process(args, self._ask(prepared, request, descriptors))
            except BaseException:
                self.close()  # begin anew with the next one
                raise

    def close(self):
        while self.sockets:
            self._forget()

    def _prepared(self, env, load, head=""):
        """The socket of a process with these variables that has imported that, and run the head."""
        first = tuple(sorted((k, v) for k, v in env.items() if v and of_the_interpreter(k)))
        # Read when something is imported; asgiref.sync makes an event loop then.
        if any(map(is_read_early, env)):
            load = ()
        if first not in self.sockets:
            self.sockets[first] = self._first(dict(first))
        # One is forked from the other; they are the same ones up to what a disabled patch is for.
        used, wanted = [first], env.get("COMPAT_DISABLE", "")
        disabled = wanted if named(wanted, "python") else ""
        for part in load:
            disabled = wanted if named(wanted, *FOLDERS[part]) else disabled
            used.append(used[-1] + (disabled, part))
            if used[-1] not in self.sockets:
                request = {"environ": dict(env, COMPAT_DISABLE=disabled), "load": [part]}
                self.sockets[used[-1]] = self._ask(self.sockets[used[-2]], request)
        if head:
            used.append(used[-1] + (wanted, head))
            if used[-1] not in self.sockets:
                control = self._ask(self.sockets[used[-2]], {"environ": env, "head": head})
                self.sockets[used[-1]] = control if receive(control)[0] else None
            if not self.sockets[used[-1]]:
                self.sockets.move_to_end(used.pop())
        for key in used:
            self.sockets.move_to_end(key)
        while len(self.sockets) > KEPT:
            self._forget(last=False)
        return self.sockets[used[-1]]

    def _forget(self, last=True):
        control = self.sockets.popitem(last)[1]
        if control:
            control.close()

    def _first(self, variables):
        mine, theirs = socket.socketpair()
        with theirs:
            names = ("PATH", "HOME", "TMPDIR", "TESTS_OF")
            environ = {name: os.environ[name] for name in names if name in os.environ}
            environ.update(variables, PYTHONPATH=CHECKOUT)
            subprocess.Popen(
                [sys.executable, "-S", "-c", START % theirs.fileno()],
                env=environ,
                pass_fds=[theirs.fileno()],
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        return mine

    @staticmethod
    def _ask(control, request, descriptors=()):
        mine, theirs = socket.socketpair()
        with theirs:
            send(control, request, [theirs.fileno()] + list(descriptors))
        return mine


@functools.lru_cache(maxsize=None)
def named(disabled, *folders):
    """Whether that value of COMPAT_DISABLE is also for patches of these folders."""
    names = [name.strip() for name in disabled.split(",") if name.strip()]
    every = ["%s.%s" % (folder, file) for folder in folders for file in patches.files(folder)]
    return any(is_named(patch, name) for name in names for patch in every)


def of_the_interpreter(name):
    """Whether Python reads a variable when it starts."""
    return name.startswith(("PYTHON", "LC_")) and name != "PYTHONPATH" or name in ("LANG", "TZ")


def is_read_early(name):
    """Whether the stack, or what repairs it, may read a variable when it is imported."""
    return name.startswith(("COMPAT_", "ASGI_")) and name != "COMPAT_DISABLE"


def is_cold(env):
    """Whether it must be a process of its own from the start; where warnings are shown, too."""
    return COLD or env.get("PYTHONWARNINGS", "") not in ("", "ignore")


warm = Warm()


def popen(args, load, env, cwd, stdout, stderr=subprocess.STDOUT, pass_fds=(), cold=False):
    """As subprocess.Popen() for a Python that loads what `load` says; stdout is a file."""
    if cold or is_cold(env):
        return subprocess.Popen(
            args, env=env, cwd=cwd, stdout=stdout, stderr=stderr, pass_fds=pass_fds
        )
    stderr = stdout if stderr == subprocess.STDOUT else stderr
    return warm.start(args, load, env, cwd, stdout, stderr, pass_fds)


def spawn(args, load, env, cwd):
    """As popen(), but .stdout can be read while it runs, .stderr too; both are text."""
    if is_cold(env):
        return subprocess.Popen(
            args,
            env=env,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
    reading, writing = os.pipe()
    stdout = open(reading)
    with open(writing, "w") as theirs, tempfile.NamedTemporaryFile() as errors:
        process = warm.start(args, load, env, cwd, theirs, errors)
        process.stdout, process.stderr = stdout, open(errors.name)
    return process


def piped(args, load, env, cwd):
    """
    As subprocess.Popen() with bytes from .stdout and to .stdin, and no standard error.

    For one whose answer is the same whichever variables the stack has when it is imported.
    """
    if is_cold(env):
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        return subprocess.Popen(args, env=env, cwd=cwd, stdin=pipe, stdout=pipe, stderr=nothing)
    late = {name: value for name, value in env.items() if not is_read_early(name)}
    (reading, theirs), (given, writing) = os.pipe(), os.pipe()
    with open(theirs, "wb") as stdout, open(given, "rb") as stdin, open(os.devnull, "wb") as errors:
        process = warm.start(args, load, env, cwd, stdout, errors, stdin=stdin, imports=late)
    process.stdout, process.stdin = open(reading, "rb"), open(writing, "wb", 0)
    process.stderr = open(os.devnull, "rb")
    return process


def run(args, load, env, cwd, timeout=300, head=""):
    """As subprocess.run() with text from both pipes, likewise; the code begins with `head`."""
    if is_cold(env):
        return subprocess.run(
            args,
            env=env,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=timeout,
        )
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        process = warm.start(args, load, env, cwd, stdout, stderr, head=head)
        try:
            process.wait(timeout)
        finally:
            process.kill()
        for file in (stdout, stderr):
            file.seek(0)
        return subprocess.CompletedProcess(args, process.returncode, stdout.read(), stderr.read())
