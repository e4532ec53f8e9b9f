"""
Ends what tests have started when their pytest is gone, however it ended: Ctrl-C, kill -9; and
removes the temporary folders of the run.

A watcher process is told of each process, and finds their children by the environment that they
have from pytest: what has become a daemon is found, too. Linux only.
"""

import functools
import os
import select
import shutil
import signal
import subprocess
import sys
import time

MARK = "TESTS_OF"  # in the environment of all that this pytest starts
PATIENCE = 10.0  # seconds from SIGTERM to SIGKILL


class Watcher(object):
    """In pytest: started with the first process that a test starts."""

    folders = ()  # those of the run, in who made them

    def __init__(self):
        self.mark = "%d-%s" % (os.getpid(), started(os.getpid()))
        self.process = None
        self.popen = subprocess.Popen.__init__

    def begin(self):
        if not started(os.getpid()):
            return  # no /proc
        os.environ[MARK] = self.mark

        @functools.wraps(self.popen)
        def popen(process, *args, **kwargs):
            self.popen(process, *args, **kwargs)
            self.tell(process.pid)

        subprocess.Popen.__init__ = popen

    def end(self):
        """What is still running now was forgotten by a test; it goes, too."""
        subprocess.Popen.__init__ = self.popen
        if self.process:
            self.process.stdin.close()
            self.process.wait()

    def tell(self, pid):
        if not self.process:
            self.process = subprocess.Popen.__new__(subprocess.Popen)
            self.popen(
                self.process,
                [sys.executable, "-S", "-E", os.path.abspath(__file__)]
                + [self.mark, str(PATIENCE)]
                + list(self.folders),
                env={},
                stdin=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is not for it
            )
        try:
            os.write(self.process.stdin.fileno(), b"%d\n" % pid)
        except OSError:
            pass  # somebody ended it


def watch(mark, patience, *folders):
    """In the watcher: until its parent is gone; then nothing with the mark is left."""
    parent, told = os.getppid(), {}
    while os.getppid() == parent:
        # The pipe's end may be held by a fork of the parent.
        if select.select([0], [], [], 0.5)[0]:
            data = os.read(0, 65536)
            if not data:
                break
            for pid in map(int, data.split()):
                told[pid] = started(pid)
    deadline = time.monotonic() + float(patience)
    left = living(mark, told)
    send(left, signal.SIGTERM)
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = {pid: since for pid, since in left.items() if started(pid) == since}
    left.update(living(mark, told))
    send(left, signal.SIGKILL)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def living(mark, told):
    """{pid: when it began} of those told, of those with the mark, and of their descendants."""
    mark = ("%s=%s" % (MARK, mark)).encode()
    found, children = {}, {}
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        since, environ = started(pid), read("/proc/%d/environ" % pid)
        if since and (told.get(pid) == since or mark in environ.split(b"\0")):
            found[pid] = since
        children.setdefault(b"".join(status(pid)[1:2]), []).append(pid)
    new = list(found)
    while new:
        for pid in children.get(b"%d" % new.pop(), ()):
            if pid not in found:
                found[pid] = started(pid)
                new.append(pid)
    found.pop(os.getpid(), None)
    return found


def send(pids, signum):
    for pid in pids:
        try:
            os.kill(pid, signum)
        except OSError:
            pass  # it is gone


def started(pid):
    """When a process began, in the kernel's words; "" when it has ended."""
    fields = status(pid)
    return "" if fields[:1] in ([], [b"Z"]) else fields[19].decode()


def status(pid):
    """The fields of /proc/PID/stat after the name."""
    return read("/proc/%d/stat" % pid).rpartition(b")")[2].split()


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


if __name__ == "__main__":
    watch(*sys.argv[1:])
