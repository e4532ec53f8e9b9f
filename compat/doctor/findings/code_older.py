"""A process runs older code than its files have."""

import os
import time
from typing import Any, Iterator

from .. import examined
from ..processes import children, started

ORDER = 45
WHY = "Half of the site has the new code: messages and templates of one are not the other's."
CHANGE = (
    "Restart all of it: python -m deploy_conf reload, or supervisorctl restart all; systemctl "
    "restart of its target."
)

SECONDS = 2.0  # a file that was written while it started


def look(site: examined.Site) -> Iterator[Any]:
    for one in site.processes.found:
        views = [view for view in site.views if view.kind == one.kind and view.facts.get("newest")]
        path, changed = max((view.facts["newest"] for view in views), key=last, default=("", 0))
        # A reload of uWSGI renews its workers; its master keeps the time of its own start.
        pids = children(one.pid) if one.kind == "uwsgi" else []
        try:
            since = min(map(started, pids or [one.pid]))
        except OSError:
            continue  # it has ended
        if changed > since + SECONDS:
            name = os.path.relpath(path, site.options.folder)
            yield "%s was started at %s, %s is of %s" % (one, clock(since), name, clock(changed))


def last(newest: Any) -> float:
    return float(newest[1])


def clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
