"""Processes of a run: started in groups of their own, stopped whatever happens."""

import contextlib
import os
import select
import signal
import subprocess
import time

from . import kernel
from .failure import Failed

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
STOP_SECONDS = 10

_running = []


@contextlib.contextmanager
def undisturbed():
    """Ctrl-C and TERM do not interrupt what cleans up."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.SIG_IGN) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before):
            signal.signal(number, handler)


def stop_all():
    """End what still runs, newest first: an interrupt may have come between start and `with`."""
    with undisturbed():
        for process in reversed(_running[:]):
            process.stop()


class Process:
    """
    A command in a process group of its own, so that Ctrl-C reaches only us and we stop the rest.

    Its errors, and with `talks` not set its output as well, go to `log`. `core`: see kernel.py.
    """

    def __init__(self, name, command, env, log, talks=False, pass_fds=(), core=None):
        self.name, self.log = name, log
        self.unread = b""
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(
                command,
                env=env,
                cwd=ROOT,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else errors,
                stderr=errors,
                pass_fds=pass_fds,
                start_new_session=True,
            )
            _running.append(self)
        self.pid = self.process.pid
        kernel.keep_on(self.pid, core)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def say(self, text):
        """Write a line to its standard input."""
        try:
            self.process.stdin.write(text.encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise Failed(self.excuse("has ended"))

    def hear(self, seconds):
        """The next line of its output."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self.unread:
            ready = select.select(
                [self.process.stdout], [], [], max(0, deadline - time.monotonic())
            )
            if not ready[0]:
                raise Failed(self.excuse("said nothing within %d s" % seconds))
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                raise Failed(self.excuse("has ended"))
            self.unread += data
        line, _, self.unread = self.unread.partition(b"\n")
        return line.decode()

    def wait_until(self, ready, seconds=30):
        """Return when `ready()` is true; fails when the process ends before."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None:
                raise Failed(self.excuse("has ended"))
            if time.monotonic() > deadline:
                raise Failed(self.excuse("was not ready within %d s" % seconds))
            time.sleep(0.02)  # nothing tells when a server has begun to listen

    def excuse(self, what):
        """What went wrong, with the last line the process wrote."""
        with open(self.log, errors="replace") as log:
            lines = log.read().strip().splitlines()
        return "%s %s%s" % (self.name, what, ": " + lines[-1].strip() if lines else "")

    def stop(self):
        """End the process and what is left of its group."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    pass
        if self in _running:
            _running.remove(self)
