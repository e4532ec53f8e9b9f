"""A log grows for ever, or is written into a file that was deleted."""

import fnmatch
import glob
import os
import re
from typing import Any, Iterator, List, Tuple

from .. import examined

ORDER = 84
WHY = "One day it fills the disk; what goes into a deleted file is lost and takes space."
CHANGE = (
    "Name it in /etc/logrotate.d/site: PATH { size 50M rotate 10 compress copytruncate }, or let "
    "supervisor write it (stdout_logfile_maxbytes)."
)

DELETED = (
    "Restart that process: it opens the file anew; in logrotate, copytruncate or a postrotate."
)
ROTATES = ("/etc/logrotate.conf", "/etc/logrotate.d/*")
LARGE = 1 << 30  # bytes
APPENDS = 0o2000  # O_APPEND


def look(site: examined.Site) -> Iterator[Any]:
    said = set()
    for one in site.processes.found:
        for path, size, gone in logs(one.pid):
            if path in said:
                continue
            said.add(path)
            if gone:
                yield "%s writes %s, which was deleted (%d MB)" % (one, path, size >> 20), DELETED
            elif size >= LARGE and not rotated(path):
                yield "%s has %d MB, and no logrotate file names it" % (path, size >> 20)


def logs(pid: int) -> Iterator[Tuple[str, int, bool]]:
    """(path, bytes on disk, whether it was deleted) of the files that a process appends to."""
    folder = "/proc/%d/fd" % pid
    try:
        numbers = os.listdir(folder)
    except OSError:
        return
    for number in numbers:
        try:
            path, found = os.readlink(os.path.join(folder, number)), os.stat(folder + "/" + number)
            with open("/proc/%d/fdinfo/%s" % (pid, number)) as file:
                flags = re.search(r"^flags:\s*([0-7]+)", file.read(), re.M)
        except OSError:
            continue
        if not path.startswith("/") or not flags or not int(flags.group(1), 8) & APPENDS:
            continue
        gone = path.endswith(" (deleted)")
        name = path[: -len(" (deleted)")] if gone else path
        if os.path.basename(name).partition(".")[2].startswith(("log", "out", "err")):
            yield name, min(found.st_size, found.st_blocks * 512), gone


def rotated(path: str) -> bool:
    """Whether logrotate names it, or somebody has rotated it already."""
    if [one for one in glob.glob(glob.escape(path) + "[.-]*") if os.path.isfile(one)]:
        return True
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns())


def patterns() -> List[str]:
    found: List[str] = []
    for name in [name for one in ROTATES for name in glob.glob(one)]:
        try:
            with open(name, encoding="utf-8", errors="replace") as file:
                text = re.sub(r"#[^\n]*", "", file.read())
        except OSError:
            found.append("*")  # it may name it, in a file that we may not read
            continue
        for head in re.findall(r"([^{}]*)\{[^{}]*\}", text):
            found += [word.strip("\"'") for word in head.split() if word.lstrip("\"'")[:1] == "/"]
    return found
