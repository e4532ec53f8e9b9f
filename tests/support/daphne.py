"""Real servers for tests, on sockets that the test has bound: no port can be taken twice."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

from tests.support import CHECKOUT

DAPHNE = os.path.join(os.path.dirname(sys.executable), "daphne")


@contextlib.contextmanager
def daphne(folder, application, *options, log="daphne.log", **environ):
    """Run daphne on `application` (module:name, importable from `folder`); yields (host, port).

    `options` are daphne's own, `environ` adds to the environment. What daphne printed is in
    `folder`/daphne.log. `log`: the file that tells when it listens, None for not waiting for that:
    clients may connect at once.
    """
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)  # a client may connect at once and waits for daphne to accept
        path = os.pathsep.join([str(folder), CHECKOUT])
        with open(os.path.join(str(folder), "daphne.log"), "ab") as output:
            process = subprocess.Popen(
                [DAPHNE, "--fd", str(listener.fileno()), *options, application],
                cwd=str(folder),
                env=dict(os.environ, PYTHONPATH=path, **environ),
                pass_fds=[listener.fileno()],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            if log:
                wait_for_line(process, os.path.join(str(folder), log), "Listening on")
            yield listener.getsockname()
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for_line(process, path, text, seconds=90):
    """The first whole line of the log with `text`; who exits or is late fails with the log."""
    deadline = time.monotonic() + seconds
    while True:
        with open(path, errors="replace") as log:
            printed = log.read()
        for line in printed.splitlines(True):
            if text in line and line.endswith("\n"):
                return line
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError("no %r from %s:\n%s" % (text, process.args, printed))
        time.sleep(0.02)  # a file tells nobody when it grows
