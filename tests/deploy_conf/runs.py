"""What a run has written down, and what supervisord says of a program."""

import os

from deploy_conf import processes
from deploy_conf.running import RECORDED


def record(**values):
    """A record of a run; of this very process, unless something else is said."""
    found = dict.fromkeys(RECORDED, "")
    found.update(pid=os.getpid(), start=processes.stat(os.getpid()).start)
    found.update(boot=processes.boot_id(), url="http://x/", sockets="/nowhere", prefix="x-")
    found.update(values)
    return found


def info(name, state="RUNNING", **more):
    return dict(
        more, name=name, group=name, statename=state, pid=5, stdout_logfile="/log/" + name
    )  # fmt: skip
