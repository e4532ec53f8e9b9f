"""What the workers of one run share: made once, by whoever wants it first."""

import atexit
import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile

from tests.support import CHECKOUT

VARIABLE = "TESTS_SHARED"  # a folder that lives as long as the pytest that started the others
OPEN = "TESTS_OPEN"  # the same, or another one where pytest's folders are

# Of a temporary folder's path: pytest's folders have long names, and a Unix socket 107 characters.
LONGEST = len("/tmp")

own = []  # these folders, in the pytest that made them


def begin():
    """
    Have the temporary folder of this run, its workers and all that they start, be one of its own.

    What they leave in it goes with it: a profile of a browser, a socket, an upload.
    """
    if VARIABLE in os.environ:
        return  # a worker of xdist, or a pytest that a test has started
    # pytest's own folders stay where one looks for them, unless sockets could not be below them.
    folder = tempfile.gettempdir()
    if len(folder) > LONGEST and os.access("/tmp", os.W_OK | os.X_OK):
        folder = "/tmp"
    root = os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", folder)
    mine = _make(tempfile.gettempdir())
    os.environ[OPEN] = mine if os.path.samefile(root, os.path.dirname(mine)) else _make(root)
    os.environ[VARIABLE] = os.environ["TMPDIR"] = tempfile.tempdir = mine
    atexit.register(end, os.getpid())


def _make(place):
    own.append(tempfile.mkdtemp(prefix="tests-", dir=place))  # short: Unix sockets are below it
    os.chmod(own[-1], 0o1777)  # other accounts have files in it, too
    return own[-1]


def end(pid):
    """In the process of that number: its forks end, too."""
    if os.getpid() == pid:
        for folder in own:
            shutil.rmtree(folder, ignore_errors=True)


def open_folder(prefix):
    """
    A new folder that is not below pytest's, on the same file system: other accounts may be let in.

    Its path is short, for the sockets in it.
    """
    return tempfile.mkdtemp(prefix=prefix, dir=os.environ[OPEN])


def once(name, make):
    """The path of a folder that `make(folder)` has filled, in this process or in another one."""
    begin()  # a lab is a run, too
    # A pytest that a test starts, of a copy or in another environment, has the variable, too.
    mark = hashlib.sha256(("%s %s" % (CHECKOUT, sys.prefix)).encode()).hexdigest()[:16]
    path = os.path.join(os.environ[VARIABLE], "%s-%s" % (name, mark))
    with open(path + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            made = tempfile.mkdtemp(dir=os.environ[VARIABLE])
            make(made)
            os.rename(made, path)
    return path


@contextlib.contextmanager
def one_first(name):
    """One process of the run does this while others wait; then all of them do, at once."""
    path = os.path.join(os.environ[VARIABLE], name)
    with open(path + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            yield
            with open(path, "w"):
                return
    yield
