"""daphne was handed a unix socket, which it takes for one of TCP."""

from typing import Any, Iterator

from .. import examined
from ..processes import listening

ORDER = 21
WHY = "With --fd it speaks TCP; each connection fails with an exception, and nginx says 502."
CHANGE = (
    "supervisor: socket = tcp://127.0.0.1:8001 in [fcgi-program:…], systemd: "
    "ListenStream=127.0.0.1:8001; or daphne -u /run/site/daphne.sock without --fd."
)


def look(site: examined.Site) -> Iterator[Any]:
    for one in site.processes.of("daphne"):
        number = int(one.option("--fd", -1))
        for at in listening(one.pid) if number >= 0 else ():
            if isinstance(at, str):
                yield "%s has --fd %d, which is the unix socket %s" % (one, number, at)
