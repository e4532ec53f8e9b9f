"""Recognising and stopping processes by what the kernel says of them (Linux's /proc)."""

import collections
import hashlib
import os
import signal
import socket
import time

Stat = collections.namedtuple("Stat", "state group session started")


def read_stat(pid):
    """Return the Stat of a process (started: clock ticks since boot), or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            content = file.read()
    except OSError:
        return None
    # The name in parentheses may hold spaces and parentheses itself.
    fields = content[content.rfind(b")") + 2 :].split()
    return Stat(fields[0].decode(), int(fields[2]), int(fields[3]), int(fields[19]))


def process_mark(pid):
    """Return what tells a process from every other one that ever had its number; "" if gone."""
    stat = read_stat(pid)
    return "" if stat is None or stat.state in "ZX" else str(stat.started)


def host_mark():
    """Return a name for "here": the host, its boot and the pid namespace pids are valid in."""
    parts = []
    for read in (_boot_id, _pid_namespace):
        try:
            parts.append(read())
        except OSError:
            parts.append("")
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    return f"{socket.gethostname()[:100]}~{digest}"


def _boot_id():
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def _pid_namespace():
    return os.readlink("/proc/self/ns/pid")


class RunnerIdentity(collections.namedtuple("RunnerIdentity", "host pid mark")):
    """Which process a runner is: host, pid and start; written as "host/pid/start"."""

    __slots__ = ()

    @classmethod
    def here(cls):
        return cls(host_mark(), os.getpid(), process_mark(os.getpid()))

    @classmethod
    def parse(cls, text):
        """Return the identity written as text; ValueError when it is none."""
        host, pid, mark = text.rsplit("/", 2)
        return cls(host, int(pid), mark)

    def __str__(self):
        return f"{self.host}/{self.pid}/{self.mark}"

    def is_gone(self):
        """True when this process surely does not run any more; None when that cannot be told."""
        if self.host != host_mark():
            return None
        return process_mark(self.pid) != self.mark


def signal_group(group, number):
    """Send a signal to a process group; False when it has no process that may be signalled."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def group_is_alive(group):
    """Tell whether a process group has a process that is not a zombie."""
    return any(
        stat is not None and stat.group == group and stat.state not in "ZX"
        for stat in map(read_stat, _pids())
    )


def find_groups(token, pid=None, mark=""):
    """Return the process groups (a set of ids) that a deployment's command surely still has.

    A group is its own when its leader started at the recorded moment, or when one of its processes
    carries the deployment's token in its environment and belongs to the session the runner made
    for it. A session the command made itself (a daemon it started on purpose) is left alone.
    """
    groups = set()
    if pid and mark and process_mark(pid) == mark:
        groups.add(pid)
    if token:
        wanted = b"DEPLOY_TOKEN=" + token.encode()
        for other in _pids():
            stat = read_stat(other)
            if stat is None or stat.group != stat.session or stat.group in groups:
                continue
            if (pid is None or stat.group == pid) and wanted in _environ(other):
                groups.add(stat.group)
    return groups


def stop_groups(groups, grace):
    """Send TERM to process groups, and KILL to those still there after grace seconds."""
    for group in groups:
        signal_group(group, signal.SIGTERM)
    deadline = time.monotonic() + grace
    left = {group for group in groups if group_is_alive(group)}
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = {group for group in left if group_is_alive(group)}
    for group in left:
        signal_group(group, signal.SIGKILL)


def _pids():
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def _environ(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []
