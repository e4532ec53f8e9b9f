"""
Who is running: what /proc says of processes, to find and end what a dead run left behind.

A process is known by its id and its start time (clock ticks since boot), because ids are
used again.
"""

import os
import signal
import time
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

from .errors import ConfError

BOOT = "/proc/sys/kernel/random/boot_id"


def boot_id() -> str:
    """The identity of this boot, "" where the system does not tell."""
    try:
        with open(BOOT, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


class Stat(NamedTuple):
    """A process: parent, group and session are process ids, start is in ticks since boot."""

    name: str
    parent: int
    group: int
    session: int
    start: int


def stat(pid: int) -> Optional[Stat]:
    """A Stat of a process, None when there is none or it is a zombie."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            # The second field is the name in parentheses, which may hold anything.
            names, _, rest = file.read().rpartition(b")")
    except OSError:
        return None
    fields = rest.split()
    if fields[0] in (b"Z", b"X"):
        return None
    numbers = [int(fields[place]) for place in (1, 2, 3, 19)]
    return Stat(os.fsdecode(names.partition(b"(")[2]), *numbers)


def every(**wanted: Any) -> Dict[int, Stat]:
    """{pid: Stat} of the processes with these values: every(parent=1, name="nginx")."""
    found = {}
    for entry in os.listdir("/proc"):
        one = stat(int(entry)) if entry.isdigit() else None
        if one and all(getattr(one, name) == value for name, value in wanted.items()):
            found[int(entry)] = one
    return found


def children(pid: int) -> Dict[int, int]:
    """{pid: start time} of a process' children."""
    listed = _listed(pid)
    if listed is None:
        return {child: one.start for child, one in every(parent=pid).items()}
    found = {child: stat(child) for child in listed}
    return {child: one.start for child, one in found.items() if one and one.parent == pid}


def _listed(pid: int) -> Optional[List[int]]:
    """
    The kernel's own list of children, None where it keeps none.

    `reload` looks often, and a machine may have hundreds of processes. While a child ends the list
    may lack another one; that child is in no later list, so two that are the same lack nobody.
    """
    before = None
    try:
        while True:
            now: List[int] = []
            for task in os.listdir("/proc/%d/task" % pid):
                with open("/proc/%d/task/%s/children" % (pid, task), encoding="ascii") as file:
                    now += map(int, file.read().split())
            if now == before:
                return now
            before = now
    except OSError:
        return None


def alive(pid: int, start: Optional[int]) -> bool:
    """Whether this very process runs (a zombie does not)."""
    found = stat(pid)
    return found is not None and found.start == start


def leftovers(session: int, start: int, marks: Iterable[bytes]) -> Dict[int, int]:
    """
    Processes of a session whose leader, started at `start`, is gone: {pid: start time}.

    Only those that carry one of `marks` (byte strings) in their command line or environment
    are ours, and the children of such.
    """
    members = {p: one for p, one in every(session=session).items() if one.start >= start}
    found = {p: one.start for p, one in members.items() if any(mark in _words(p) for mark in marks)}
    for pid, one in sorted(members.items()):
        if one.parent in found:
            found[pid] = one.start
    return found


def end(processes: Dict[int, int], patience: float) -> None:
    """Ends processes {pid: start time}: TERM, then KILL after `patience` seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid, start in processes.items():
            if alive(pid, start):
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
        deadline = time.monotonic() + patience
        while any(alive(pid, start) for pid, start in processes.items()):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        else:
            return


def _words(pid: int) -> bytes:
    text = b""
    for name in ("cmdline", "environ"):
        try:
            with open("/proc/%d/%s" % (pid, name), "rb") as file:
                text += file.read()
        except OSError:
            pass  # gone, or another user's
    return text


def process(pid: int) -> Tuple[List[str], Dict[str, str], str]:
    """(words, environment, folder) of a running process; ConfError for somebody else's."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            words = [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
        with open("/proc/%d/environ" % pid, "rb") as file:
            pairs = [os.fsdecode(pair).partition("=") for pair in file.read().split(b"\0") if pair]
        return words, {name: value for name, _, value in pairs}, os.readlink("/proc/%d/cwd" % pid)
    except OSError as error:
        raise ConfError("process %d cannot be looked at: %s" % (pid, error.strerror))


def same(now: Dict[int, int], before: Dict[int, int]) -> Set[int]:
    """Processes that are in both."""
    return {pid for pid, start in now.items() if before.get(pid) == start}


def accepts(pid: int) -> bool:
    """
    Whether a daphne waits for connections on the listening socket that `--fd` names.

    It has it before it has imported a line; what counts is that its event loop watches it.
    """
    folder = "/proc/%d/fd" % pid
    try:
        socket = os.readlink(os.path.join(folder, _listening(pid)))
        links = {name: os.readlink(os.path.join(folder, name)) for name in os.listdir(folder)}
        sockets = {name for name, link in links.items() if link == socket}
        for name, link in links.items():
            if link == "anon_inode:[eventpoll]":
                with open("/proc/%d/fdinfo/%s" % (pid, name)) as file:
                    watched = {line.split()[1] for line in file if line.startswith("tfd:")}
                if sockets & watched:
                    return True
    except OSError:
        pass  # it has ended, or a descriptor was closed meanwhile
    return False


def _listening(pid: int) -> str:
    """The descriptor of a daphne's listening socket: supervisord gives it as 0, systemd as 3."""
    with open("/proc/%d/cmdline" % pid, "rb") as file:
        words = file.read().split(b"\0")
    return words[words.index(b"--fd") + 1].decode() if b"--fd" in words[:-1] else "0"
