"""Real servers on free ports: the only place that starts one."""

import os
import pwd
import random
import signal
import socket
import subprocess

from tests.support import CHECKOUT
from tests.support.wait import wait_until

HOST = "127.0.0.1"
PORTS = range(11000, 32000)  # the system gives the higher ones to clients
_reserved = []


def free_port():
    """A TCP port that nobody uses, and no other test is given while this process lives."""
    for _ in range(10 * len(PORTS)):
        port = random.choice(PORTS)
        # An abstract name, which belongs to one process and goes with it.
        mark = socket.socket(socket.AF_UNIX)
        with socket.socket() as probe:
            try:
                mark.bind("\0port-of-tests-%d" % port)
                probe.bind((HOST, port))
            except OSError:
                mark.close()
                continue
        _reserved.append(mark)
        return port
    raise AssertionError("no free port")


def answers(port):
    """Whether something accepts connections on the port."""
    try:
        socket.create_connection((HOST, port), 1).close()
        return True
    except OSError:
        return False


def as_user(user, command):
    """The command run as another user, where we are root."""
    if user and os.getuid() == 0:
        one = pwd.getpwnam(user)
        words = ["--reuid=%d" % one.pw_uid, "--regid=%d" % one.pw_gid, "--clear-groups"]
        return ["setpriv"] + words + command
    return command


def stop(process, signum=signal.SIGTERM, seconds=20):
    """Tell a process to end, and wait until it has; who does not is killed."""
    if process.poll() is None:
        process.send_signal(signum)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Server(object):
    """A process that listens on a port; `options` are Popen's."""

    def __init__(self, command, port, log, user=None, **options):
        self.command, self.port, self.log = as_user(user, command), port, log
        self.options = dict({"cwd": CHECKOUT}, **options)
        self.process = None
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, **self.options)

        def up():
            if self.process.poll() is not None:
                raise AssertionError("%s ended:\n%s" % (self.command[0], self.output()[-2000:]))
            return answers(self.port)

        wait_until(up, what="%s on port %d" % (self.command[0], self.port))

    def stop(self, signum=signal.SIGTERM):
        stop(self.process, signum)

    def output(self):
        """What it has printed so far."""
        with open(self.log, errors="replace") as text:
            return text.read()
