"""One of the daphnes that nginx names does not answer."""

from typing import Any, Iterator

from .. import examined, wire
from ..processes import Address

ORDER = 104
WHY = "Every so often a handshake waits for it, or gets 502; the others have its share to bear."
CHANGE = "nginx: take its server line out of the upstream, or start that daphne."

SECONDS = 2.0


def look(site: examined.Site) -> Iterator[Any]:
    if not site.hops:
        return
    location = site.hops[-1].location
    for nginx in site.nginxes:
        ends = nginx.targets(location)
        if not any(end in site.daphnes for end in ends):
            continue
        told = wire.each(ends, answers)
        dead = [end for end in ends if not told[end]]
        if dead and len(dead) < len(ends):
            text = "%d of %d servers behind %s do not answer: %s"
            yield text % (len(dead), len(ends), location, ", ".join(map(shown, dead)))
        return


def shown(end: Address) -> str:
    return end if isinstance(end, str) else "%s:%d" % end


def answers(end: Address) -> bool:
    """Whether somebody accepts connections there."""
    try:
        wire.reach(end, SECONDS).close()
        return True
    except OSError:
        return False
