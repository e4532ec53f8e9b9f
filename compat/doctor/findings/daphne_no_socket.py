"""A daphne that does not listen."""

import time
from typing import Any, Iterator

from .. import examined
from ..processes import has_ended, listening, started

ORDER = 22
WHY = (
    "It was started with --fd outside of [fcgi-program:], or its port was taken; daphne "
    "then lives on without a socket."
)
CHANGE = (
    "supervisor: [fcgi-program:…] with socket = tcp://127.0.0.1:8001 and --fd 0 (not "
    "[program:…]), or -b and -p without --fd."
)

YOUNG = 10.0  # seconds


def look(site: examined.Site) -> Iterator[Any]:
    for one in site.processes.of("daphne"):
        # One that has just been started imports the site first.
        while not listening(one.pid) and is_young(one.pid):
            time.sleep(0.2)
        if not listening(one.pid) and not has_ended(one.pid):
            yield "%s listens nowhere: %s" % (one, " ".join(one.argv[1:]))


def is_young(pid: int) -> bool:
    try:
        return not has_ended(pid) and time.time() - started(pid) < YOUNG
    except OSError:
        return False
