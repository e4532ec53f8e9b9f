"""
Who is running: facts about processes from /proc, to find and end what a dead run left behind.

A process is known by its id and its start time (clock ticks since boot), because ids are
used again.
"""

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


def stat(pid):
    """(state, parent, session, start time) of a process, None when there is none."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            # The second field is the name in parentheses, which may hold anything.
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return fields[0].decode("ascii"), int(fields[1]), int(fields[3]), int(fields[19])


def alive(pid, start):
    """Whether this very process runs (a zombie does not)."""
    found = stat(pid)
    return found is not None and found[3] == start and found[0] not in "ZX"


def of_group(group, name, session):
    """{pid: start time} of the processes of one group and session that have this name."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open("/proc/%s/stat" % entry, "rb") as file:
                    words, _, rest = file.read().rpartition(b")")
            except OSError:
                continue
            fields = rest.split()
            if (
                words.partition(b"(")[2] == name
                and (int(fields[2]), int(fields[3])) == (group, session)
                and fields[0] not in b"ZX"
            ):
                found[int(entry)] = int(fields[19])
    return found


def leftovers(session, start, marks):
    """
    Processes of a session whose leader, started at `start`, is gone: {pid: start time}.

    Only those that carry one of `marks` (byte strings) in their command line or environment
    are ours, and the children of such.
    """
    found = {}
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            facts = stat(int(entry))
            if facts and facts[2] == session and facts[3] >= start and facts[0] not in "ZX":
                parents[int(entry)] = facts[1]
                if any(mark in _words(int(entry)) for mark in marks):
                    found[int(entry)] = facts[3]
    for pid, parent in sorted(parents.items()):
        if parent in found and pid not in found:
            facts = stat(pid)
            if facts:
                found[pid] = facts[3]
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
