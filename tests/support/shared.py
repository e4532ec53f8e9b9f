"""What the workers of one run share: made once, by whoever wants it first."""

import fcntl
import hashlib
import os
import sys
import tempfile

from tests.support import CHECKOUT

VARIABLE = "TESTS_SHARED"  # a folder that lives as long as the pytest that started the others


def once(name, make):
    """The path of a folder that `make(folder)` has filled, in this process or in another one."""
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
