"""What the processes of a running stack hold, and what they have written into their logs."""

import glob
import os

MB = 1024 * 1024
# A process may be a little larger after its first requests of a kind, and Redis connections stay.
DESCRIPTORS = 12
MEMORY = 48 * MB
COMPLAINTS = ("Traceback", "never retrieved", "never awaited", "invalid request block size")


class Watch(object):
    """`var` is the stack's folder."""

    def __init__(self, var):
        self.var = var
        self.logs = {path: os.path.getsize(path) for path in self._logs()}
        self.before = self.held()

    def __repr__(self):
        return "%r, now %r" % (self.before, self.held())

    def _logs(self):
        return glob.glob(os.path.join(self.var, "log", "*.log"))

    def processes(self):
        """{pid: name} of supervisord's children and theirs."""
        with open(os.path.join(self.var, "run", "supervisord.pid")) as file:
            found, parents = {}, {int(file.read())}
        table = {}
        for stat in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(stat) as file:
                    pid, _, rest = file.read().partition(" (")
            except OSError:
                continue
            name, _, rest = rest.rpartition(") ")
            table[int(pid)] = (name, int(rest.split()[1]))
        while parents:
            children = {pid for pid, (_, parent) in table.items() if parent in parents}
            found.update((pid, table[pid][0]) for pid in children)
            parents = children
        return found

    def held(self):
        """{pid: (name, descriptors, bytes)}."""
        held = {}
        for pid, name in self.processes().items():
            try:
                with open("/proc/%d/statm" % pid) as file:
                    memory = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
                held[pid] = name, len(os.listdir("/proc/%d/fd" % pid)), memory
            except OSError:
                pass  # it has ended meanwhile
        return held

    def nothing_left(self):
        """Whether every process of before is there, and holds about what it held."""
        now = self.held()
        for pid, (_, descriptors, memory) in self.before.items():
            if pid not in now:
                return False
            if now[pid][1] > descriptors + DESCRIPTORS or now[pid][2] > memory + MEMORY:
                return False
        return True

    def memory(self, pid):
        return self.held()[pid][2]

    def growth(self):
        """By how many bytes the process that grew most has grown."""
        now = self.held()
        return max(now[pid][2] - memory for pid, (_, _, memory) in self.before.items())

    def descriptors(self, name):
        """Of all processes of that name together."""
        return sum(count for found, count, _ in self.held().values() if found == name)

    def complaints(self):
        """Lines that no client should be able to have written."""
        found = []
        for path in self._logs():
            if "access" in path:
                continue
            with open(path, errors="replace") as file:
                file.seek(self.logs.get(path, 0))
                for line in file:
                    if any(complaint in line for complaint in COMPLAINTS):
                        found.append(os.path.basename(path) + ": " + line.strip())
        return found
