"""A process comes near the memory that its container or unit may have."""

import os
from typing import Any, Iterator, List, Optional, Tuple

from .. import examined

ORDER = 6
WHY = "At the limit the kernel ends a process of it: all sockets of that daphne close at once."
CHANGE = (
    "MemoryMax= of the unit, memory: of the container; or fewer processes (numprocs, processes)."
)

ROOT = "/"
NEARLY = 0.95


def look(site: examined.Site) -> Iterator[Any]:
    said = set()
    for one in site.processes.found:
        for folder, limit, used in limits(one.pid):
            if used >= limit * NEARLY and folder not in said:
                said.add(folder)
                text = "%s: %d of %d MB are used in %s"
                yield text % (one, used >> 20, limit >> 20, folder)


def limits(pid: int) -> Iterator[Tuple[str, int, int]]:
    """(cgroup, its limit, what is used without cache that can go) of each that has a limit."""
    for row in read("proc/%d/cgroup" % pid).splitlines():
        _, kinds, path = (row + "::").split(":")[:3]
        if kinds and "memory" not in kinds.split(","):
            continue
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        base = "sys/fs/cgroup/memory"
        if not kinds:
            names, base = ("memory.max", "memory.current", "inactive_file"), "sys/fs/cgroup"
        for folder in upwards(path):
            place = base + folder
            limit, used = number(place, names[0]), number(place, names[1])
            stat = dict(
                line.split()[:2]
                for line in read(place + "/memory.stat").splitlines()
                if len(line.split()) > 1
            )
            if limit and used and limit < 1 << 60:
                yield "/" + place, limit, used - int(stat.get(names[2], "0"))


def upwards(path: str) -> List[str]:
    """/a/b: /a/b, /a and "", since a limit counts for all below it."""
    parts = path.rstrip("/").split("/")
    return ["/".join(parts[: length + 1]) for length in range(len(parts) - 1, -1, -1)]


def number(place: str, name: str) -> Optional[int]:
    text = read("%s/%s" % (place, name)).strip()
    return int(text) if text.isdigit() else None


def read(name: str) -> str:
    try:
        with open(os.path.join(ROOT, name)) as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""
