"""The clock of this machine is not that of the others."""

import email.utils
import time
from typing import Any, Iterator

from .. import examined
from ..wire import get

ORDER = 7
WHY = "Sessions, signatures, certificates and members of groups end too early or too late."
CHANGE = "timedatectl set-ntp true, on whichever of the two is wrong; chronyc tracking shows it."

MOST = 10.0  # seconds: far above what an answer takes


def look(site: examined.Site) -> Iterator[Any]:
    if site.reached:
        before = time.time()
        answer = get(site.public, site.home)
        after = time.time()
        there = told(answer.headers.get("date", ""))
        if there and after - before < MOST / 2:
            off = there - (before + after) / 2
            if abs(off) > MOST:
                yield "%s is %d s %s this machine" % (site.origin, abs(off), side(off))
    for view in site.views:
        off = (view.facts.get("redis") or {}).get("ahead", 0)
        if abs(off) > MOST:
            yield "Redis is %d s %s this machine" % (abs(off), side(off))
            return


def told(text: str) -> float:
    """The time of a Date header; 0 for none."""
    try:
        return email.utils.parsedate_to_datetime(text).timestamp() if text else 0.0
    except (TypeError, ValueError):
        return 0.0


def side(off: float) -> str:
    return "ahead of" if off > 0 else "behind"
