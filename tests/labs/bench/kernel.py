"""What Linux tells about processes: CPU time and memory."""

import os
import time

# Clients must not take a server's time, where there are two cores: what each is kept on.
SERVERS, CLIENTS = 0, -1
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]


def keep_on(pid, core):
    """Keep a new process on one of two cores or more; None leaves it where it is."""
    if core is not None and len(CORES) > 1:
        os.sched_setaffinity(pid, {CORES[core]})


def load():
    """The load average of the last minute."""
    return os.getloadavg()[0]


def group_members(leader):
    """Process ids of the process group that `leader` leads."""
    members = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = _stat(name)
            if fields is not None and int(fields[2]) == leader:
                members.append(int(name))
    return members


def _stat(pid):
    """Fields of /proc/<pid>/stat from the state on (the third of proc(5)); None when it is gone."""
    try:
        with open("/proc/%s/stat" % pid) as stat:
            return stat.read().rpartition(")")[2].split()
    except OSError:
        return None


def cpu_seconds(pid):
    """User and system time of all threads of a process so far."""
    try:
        # The clock that clock_getcpuclockid() returns: what stat has, in ns instead of 10 ms.
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        fields = _stat(pid)
        if fields is None:
            raise ProcessLookupError("process %d has ended" % pid)
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def modes(pid):
    """(user time, system time) of a process so far, in ticks."""
    fields = _stat(pid)
    return int(fields[11]), int(fields[12])


def group_cpu_seconds(leaders):
    """CPU time of the members of process groups."""
    return sum(cpu_seconds(pid) for leader in leaders for pid in group_members(leader))


def rss_kib(pid):
    """Resident memory of a process, KiB."""
    with open("/proc/%d/status" % pid) as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    raise ProcessLookupError("process %d has ended" % pid)
