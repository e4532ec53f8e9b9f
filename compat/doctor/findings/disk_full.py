"""A disk is nearly full."""

from typing import Any, Iterator

from .. import examined

ORDER = 5
WHY = "A full disk stops the database, uploads and logs, and each of them says so in its own way."
CHANGE = "Free space (df -h, df -i), rotate logs, and let streams keep less: STREAMS_KEEP."

LEAST = 0.03  # of its space or of its inodes
ENOUGH = 2 << 30  # bytes: with as much, a large disk is not full


def look(site: examined.Site) -> Iterator[Any]:
    said = set()
    for view in site.views:
        for path, free, part in view.facts.get("free", []):
            if part < LEAST and free < ENOUGH and path not in said:
                said.add(path)
                yield "%d MB (or %d%% of the inodes) are left for %s" % (
                    free >> 20,
                    part * 100,
                    path,
                )
