"""Daphne on a socket that the test has bound: no port can be taken twice."""

import contextlib
import os
import signal
import socket
import sys

from tests.support import CHECKOUT, warm
from tests.support.servers import stop
from tests.support.wait import wait_for_line

DAPHNE = os.path.join(os.path.dirname(sys.executable), "daphne")


@contextlib.contextmanager
def listening():
    """A listening socket; clients may connect at once, and wait for who accepts."""
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield listener


class Daphne(object):
    """
    A process that serves `application` (module:name, importable from `folder`).

    `options` are daphne's own, `environ` adds to the environment. What it printed is in
    `folder`/`name`.log. `wait`: until it says that it listens; clients may connect at once.
    `listener`: a socket that several share.
    """

    def __init__(
        self,
        folder,
        application,
        *options,
        name="daphne",
        wait=True,
        listener=None,
        cold=False,
        **environ,
    ):
        self.log = os.path.join(str(folder), name + ".log")
        with contextlib.ExitStack() as stack:
            listener = listener or stack.enter_context(listening())
            self.address = listener.getsockname()
            self.port = self.address[1]
            environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(folder), CHECKOUT]))
            environment["PYTHONUNBUFFERED"] = "1"  # the access log as it comes
            environment.update(environ)
            with open(self.log, "ab") as output:
                self.process = warm.popen(
                    [DAPHNE, "--fd", str(listener.fileno()), *options, application],
                    warm.STACK,
                    cwd=str(folder),
                    env=environment,
                    pass_fds=[listener.fileno()],
                    stdout=output,
                    cold=cold,
                )
        if wait:
            try:
                self.wait_for("Listening on")
            except BaseException:
                self.stop()
                raise

    def output(self):
        """What it has printed so far."""
        with open(self.log, errors="replace") as text:
            return text.read()

    def wait_for(self, text):
        """Wait until it has printed a line with that text."""
        wait_for_line(self.process, self.log, text)

    def stop(self, signum=signal.SIGTERM):
        stop(self.process, signum)


@contextlib.contextmanager
def daphne(folder, application, *options, end=signal.SIGTERM, **more):
    """
    A Daphne while the block runs; yields its (host, port).

    `end`: SIGKILL where it would first have to read all that a client has flooded it with.
    """
    # The socket stays open here, so that a client is not refused when daphne has just ended.
    with listening() as listener:
        server = Daphne(folder, application, *options, listener=listener, **more)
        try:
            yield server.address
        finally:
            server.stop(end)
