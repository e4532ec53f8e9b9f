"""A daphne accepts connections and does not answer."""

from typing import Any, Iterator

from .. import examined
from ..processes import state

ORDER = 23
WHY = (
    "Its sockets are dead, and every handshake that it is given waits; supervisor takes a process "
    "that hangs for one that runs."
)
CHANGE = (
    "supervisorctl restart of that program (systemctl restart); before, py-spy dump --pid %d shows "
    "what it is busy with: code that blocks the event loop, time.sleep() or a query in async def."
)
CONTINUE = "kill -CONT %d: somebody has stopped it with SIGSTOP, or a debugger holds it."


def look(site: examined.Site) -> Iterator[Any]:
    said = set()
    for one, address in site.hung:
        if one.pid in said:
            continue
        said.add(one.pid)
        where = address if isinstance(address, str) else "%s:%d" % address
        if state(one.pid) in ("T", "t"):
            yield "%s is stopped (state T), it listens on %s" % (one, where), CONTINUE % one.pid
        else:
            text = "%s does not answer a request that is none, on %s"
            yield text % (one, where), CHANGE % one.pid
