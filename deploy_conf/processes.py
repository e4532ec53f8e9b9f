"""
Who is running: facts about processes from /proc, to find and end what a dead run left behind.

A process is known by its id and its start time (clock ticks since boot), because ids are
used again.
"""

import collections
import os
import signal
import time

BOOT = "/proc/sys/kernel/random/boot_id"


def boot_id():
    """The identity of this boot, "" where the system does not tell."""
    try:
        with open(BOOT, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


# parent, group and session are process ids, start is in clock ticks since boot.
Stat = collections.namedtuple("Stat", "name parent group session start")


def stat(pid):
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


def every(**wanted):
    """{pid: Stat} of the processes with these values: every(parent=1, name="nginx")."""
    found = {}
    for entry in os.listdir("/proc"):
        facts = stat(int(entry)) if entry.isdigit() else None
        if facts and all(getattr(facts, name) == value for name, value in wanted.items()):
            found[int(entry)] = facts
    return found


def children(pid):
    """{pid: start time} of a process' children."""
    return {child: facts.start for child, facts in every(parent=pid).items()}


def alive(pid, start):
    """Whether this very process runs (a zombie does not)."""
    found = stat(pid)
    return found is not None and found.start == start


def leftovers(session, start, marks):
    """
    Processes of a session whose leader, started at `start`, is gone: {pid: start time}.

    Only those that carry one of `marks` (byte strings) in their command line or environment
    are ours, and the children of such.
    """
    members = {p: facts for p, facts in every(session=session).items() if facts.start >= start}
    found = {p: f.start for p, f in members.items() if any(mark in _words(p) for mark in marks)}
    for pid, facts in sorted(members.items()):
        if facts.parent in found:
            found[pid] = facts.start
    return found


def end(processes, patience):
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


def _words(pid):
    text = b""
    for name in ("cmdline", "environ"):
        try:
            with open("/proc/%d/%s" % (pid, name), "rb") as file:
                text += file.read()
        except OSError:
            pass  # gone, or another user's
    return text
