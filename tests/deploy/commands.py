"""Commands that tests have deployed, and what became of them."""

import re
import sys

from deploy import processes
from tests.support.records import log_of, make_service
from tests.support.wait import wait_until

PYTHON = sys.executable
# Prints its process id, ignores TERM and stays.
STUBBORN = (
    "import os, signal, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('pid', os.getpid(), flush=True)\n"
    "time.sleep(600)\n"
)


def python(code, uid="web", **fields):
    return make_service(uid, [PYTHON, "-c", code], **fields)


def runs(pid):
    return processes.process_mark(pid) != ""


def printed_pid(site, deployment):
    """Wait for the line "pid <number>" and return the number."""

    def found():
        deployment.refresh_from_db()
        return re.search(r"pid (\d+)\n", log_of(deployment))

    return int(wait_until(found, what="a pid in the log").group(1))
