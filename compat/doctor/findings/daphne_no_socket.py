"""A daphne that does not listen."""

from typing import Any, Iterator

from .. import examined
from ..processes import listening

ORDER = 22
WHY = (
    "It was started with --fd outside of [fcgi-program:], or its port was taken; daphne "
    "then lives on without a socket."
)
CHANGE = (
    "supervisor: [fcgi-program:…] with socket = tcp://127.0.0.1:8001 and --fd 0 (not "
    "[program:…]), or -b and -p without --fd."
)


def look(site: examined.Site) -> Iterator[Any]:
    for one in site.processes.of("daphne"):
        if not listening(one.pid):
            yield "%s listens nowhere: %s" % (one, " ".join(one.argv[1:]))
