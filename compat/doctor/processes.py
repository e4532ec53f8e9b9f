"""The processes of a site, from /proc: what they were started with, and where they listen."""

import os
import re
import socket
import sys
import time
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple, Union

Address = Union[str, Tuple[str, int]]  # a unix socket's path, or host and port
LISTENING, ESTABLISHED = "0A", "01"
BOOTTIME = 7  # CLOCK_BOOTTIME, which has a name since Python 3.7
HIDDEN = "%d processes of other accounts cannot be looked at (%s): run this as root"
APPLICATION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*\Z")


class Process(NamedTuple):
    """A daphne or uWSGI (its master only)."""

    pid: int
    kind: str
    argv: List[str]
    environ: Dict[str, str]
    folder: str
    uid: int

    def __str__(self) -> str:
        return "%s (pid %d)" % (self.kind, self.pid)

    def python(self) -> List[str]:
        """Its interpreter with the flags that it was given; where it is embedded, its site's."""
        if not os.path.basename(self.argv[0]).startswith("python"):
            for home in self._ini("virtualenv|home|venv|pyhome"):
                program = os.path.join(self.folder, home, "bin", "python")
                if os.access(program, os.X_OK):
                    return [program]
            return [sys.executable]
        flags = []
        for word in self.argv[1:]:
            if not word.startswith("-") or word in ("-m", "-c"):
                break
            flags.append(word)
        return [self.argv[0]] + flags

    def option(self, name: str, default: float) -> float:
        """The number that an option of its command line has."""
        found = default
        for word, following in zip(self.argv, self.argv[1:] + [""]):
            given = following if word == name else word.partition("=")[2]
            if word.partition("=")[0] == name and re.match(r"-?\d+\Z", given):
                found = int(given)
        return found

    def variables(self) -> Dict[str, str]:
        """Its environment, with what uWSGI's ini adds to it."""
        pairs = (line.partition("=") for line in self._ini("env"))
        return dict(self.environ, **{name.strip(): value.strip() for name, _, value in pairs})

    def application(self) -> Optional[str]:
        """package.module:object, as far as its command line or its ini says."""
        words = self.argv[1:]
        if self.kind == "uwsgi":
            name = (self.said("callable") or ["application"])[-1]
            modules, paths = self.said("module|wsgi"), self.said("wsgi-file|file")
            for mounted in self.said("mount"):  # /prefix=what
                what = mounted.partition("=")[2]
                (paths if what.endswith(".py") else modules).append(what)
            for path in paths:
                inside = os.path.relpath(os.path.join(self.folder, path), self.folder)
                modules.append(inside[:-3].replace(os.sep, "."))
            words = [one if ":" in one else "%s:%s" % (one, name) for one in modules]
        named = [word for word in words if APPLICATION.match(word)]
        return named[-1] if named else None

    def said(self, options: str) -> List[str]:
        """The values of an option of uWSGI, in its ini files and on its command line."""
        found, short = self._ini(options), ["-w"] if "module" in options else []
        names = ["--" + name for name in options.split("|")] + short
        for word, following in zip(self.argv, self.argv[1:] + [""]):
            if word in names:
                found.append(following)
            elif word.partition("=")[0] in names:
                found.append(word.partition("=")[2])
        return found

    def _ini(self, options: str) -> List[str]:
        """The values of an option in the ini files that it was started with."""
        found: List[str] = []
        for word in self.argv[1:] if self.kind == "uwsgi" else ():
            path = word.partition("=")[2] or word
            if path.endswith(".ini"):
                text = next(filter(None, map(_read, self._places(path))), "")
                found += re.findall(r"^[ \t]*(?:%s)[ \t]*=[ \t]*(.*\S)" % options, text, re.M)
        return [value for value in found if "%" not in value]  # uWSGI's own variables

    def _places(self, path: str) -> Iterator[str]:
        """Where a file of its command line may be: `chdir` is said in what it has read before."""
        if "UWSGI_EMPEROR_FD" in self.environ:  # which works in the folder of its vassals
            yield "/proc/%d/cwd/%s" % (_parent(self.pid), path)
        yield os.path.join(self.folder, path)
        yield os.path.join(self.environ.get("PWD", self.folder), path)


class Processes(NamedTuple):
    """Those of the site, and what should have been looked at and could not."""

    found: List[Process]
    hidden: List[str]

    def of(self, kind: str) -> List[Process]:
        return [one for one in self.found if one.kind == kind]


def of_site(folder: str) -> Processes:
    """Those that work in the site's folder, or below it."""
    root = os.path.realpath(folder)
    found, hidden = _every(lambda place, argv: _belongs(root, place, argv))
    return Processes(found, [HIDDEN % (len(hidden), ", ".join(hidden))] if hidden else [])


def elsewhere(folder: str) -> List[Process]:
    """Those of other sites on this machine, as far as we may look at them."""
    root = os.path.realpath(folder)
    return _every(lambda place, argv: not _belongs(root, place, argv))[0]


def _every(wanted: Callable[[str, List[str]], bool]) -> Tuple[List[Process], List[str]]:
    """The masters whose folder and command line are wanted; who of all cannot be looked at."""
    found, hidden, uwsgis = [], [], set()  # type: List[Process], List[str], Set[int]
    for pid in sorted(map(int, filter(str.isdigit, os.listdir("/proc")))):
        argv = _words(pid, "cmdline")
        kind = _kind(argv)
        if kind not in ("daphne", "uwsgi"):
            continue
        try:
            place = os.path.realpath(os.readlink("/proc/%d/cwd" % pid))
            environ = _words(pid, "environ", strict=True)
            uid, parent = os.stat("/proc/%d" % pid).st_uid, _parent(pid)
        except PermissionError:
            hidden.append("%s %d" % (kind, pid))
            continue
        except OSError:
            continue  # it has ended
        if not wanted(place, argv):
            continue
        pairs = (word.partition("=") for word in environ)
        variables = {name: value for name, _, value in pairs if name}
        one = Process(pid, kind, argv, variables, place, uid)
        if kind == "uwsgi":
            if one.said("emperor"):
                continue  # its vassals are masters
            uwsgis.add(pid)
            if parent in uwsgis:
                continue
        found.append(one)
    return found, hidden


def _belongs(root: str, place: str, argv: List[str]) -> bool:
    """Works in the folder, or names something in it and works in no other site's."""
    if (place + os.sep).startswith(root + os.sep):
        return True
    named = any(word.rpartition("=")[2].startswith(root + os.sep) for word in argv)
    return named and not os.path.exists(os.path.join(place, "manage.py"))


def _kind(argv: List[str]) -> str:
    names = [os.path.basename(word) for word in argv[:4]]
    if "daphne" in names:
        return "daphne"
    return "uwsgi" if any(name in ("uwsgi", "uwsgi-core") for name in names) else ""


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _words(pid: int, name: str, strict: bool = False) -> List[str]:
    try:
        with open("/proc/%d/%s" % (pid, name), "rb") as file:
            return [os.fsdecode(word) for word in file.read().split(b"\0") if word]
    except OSError:
        if strict:
            raise
        return []


def _parent(pid: int) -> int:
    with open("/proc/%d/stat" % pid) as file:
        return int(file.read().rpartition(")")[2].split()[1])


def children(pid: int) -> List[int]:
    """The processes of the same program that it has started: uWSGI's workers."""
    found = []
    for one in map(int, filter(str.isdigit, os.listdir("/proc"))):
        try:
            if _parent(one) == pid and os.path.samefile("/proc/%d/exe" % one, "/proc/%d/exe" % pid):
                found.append(one)
        except OSError:
            continue
    return found


def started(pid: int) -> float:
    """The time at which a process was started; OSError when it has ended."""
    with open("/proc/%d/stat" % pid) as file:
        ticks = int(file.read().rpartition(")")[2].split()[19])
    boot = time.time() - time.clock_gettime(BOOTTIME)
    return boot + ticks / os.sysconf("SC_CLK_TCK")


def listening(pid: int) -> List[Address]:
    """Where a process accepts connections."""
    inodes = _inodes(pid)
    return [address for inode, address in _sockets() if inode in inodes]


def has_ended(pid: int) -> bool:
    return state(pid) in ("", "Z", "X")


def state(pid: int) -> str:
    """R and S for one that lives, T for one that was stopped; "" for none."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def ports(pid: int) -> Set[int]:
    """The own ports of a process' connections of TCP."""
    inodes, found = _inodes(pid), set()
    for name in ("tcp", "tcp6"):
        for row in _table(name):
            if row[3] == ESTABLISHED and row[9] in inodes:
                found.add(int(row[1].rpartition(":")[2], 16))
    return found


def _inodes(pid: int) -> Set[str]:
    inodes = set()
    try:
        for number in os.listdir("/proc/%d/fd" % pid):
            match = re.match(r"socket:\[(\d+)\]", os.readlink("/proc/%d/fd/%s" % (pid, number)))
            if match:
                inodes.add(match.group(1))
    except OSError:
        pass  # it ends, or is another account's
    return inodes


def _sockets() -> Iterator[Tuple[str, Address]]:
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for row in _table(name):
            if row[3] == LISTENING:
                host, _, port = row[1].partition(":")
                yield row[9], (_host(family, host), int(port, 16))
    for row in _table("unix"):
        # An accepting one has the flag __SO_ACCEPTCON.
        if len(row) > 7 and int(row[3], 16) & 0x10000:
            yield row[6], row[7]


def _table(name: str) -> List[List[str]]:
    try:
        with open("/proc/net/" + name) as file:
            return [line.split() for line in file.readlines()[1:]]
    except OSError:
        return []


def _host(family: int, text: str) -> str:
    raw = b"".join(bytes.fromhex(text[i : i + 8])[::-1] for i in range(0, len(text), 8))
    host = socket.inet_ntop(family, raw)
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (to connect to)
