"""
What is known of a run: a lock that lives as long as supervisord, and a record beside it.

supervisord inherits the open lock file, so the lock is held exactly while it lives, whatever
kills it; a pid file alone could name somebody else's process by now.
"""

import fcntl
import http.client
import json
import os
import pwd
import shutil
import socket
import tempfile
import xml.parsers.expat
import xmlrpc.client
from typing import IO, Any, Dict, List, Optional

from . import options, processes
from .errors import ConfError

# What an XML-RPC call raises when supervisord is not there, or ends in the middle of its answer.
NO_ANSWER = (
    OSError,
    ValueError,
    http.client.HTTPException,
    xml.parsers.expat.ExpatError,
    xmlrpc.client.Error,
)
LEFT_BEHIND = ("supervisord.pid", "nginx.pid", "run.json")
RECORDED = frozenset(
    "pid start boot url host name port sockets prefix websocket probe redis".split()
)
SOCKETS = (
    "uwsgi.sock",
    "uwsgi.fifo",
    "uwsgi.stats",
    "reload.lock",
    "redis.sock",
    "supervisor.sock",
)


class Run:
    """The run of the site below one `var` folder."""

    def __init__(self, var: str):
        self.var = var
        self.folder = os.path.join(var, "run")
        self.record_path = os.path.join(self.folder, "run.json")
        self.lock_path = os.path.join(var, "up.lock")

    def make_folders(self) -> None:
        """Creates what `up` writes into, this account's only: sockets, keys, often the database."""
        os.chmod(self.var, 0o700)
        for name, mode in (("conf", 0o700), ("run", 0o700), ("log", 0o750), ("tmp", 0o700)):
            folder = os.path.join(self.var, name)
            os.makedirs(folder, exist_ok=True)
            os.chmod(folder, mode)

    def lock(self) -> Optional[IO[str]]:
        """An open file that holds the lock, or None while another process holds it."""
        try:
            file = open(self.lock_path, "a")
        except PermissionError:
            raise self.foreign()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
        return file

    def read(self) -> Dict[str, Any]:
        """The record of the run as a dict, {} when there is none; ConfError for a foreign one."""
        try:
            with open(self.record_path, encoding="utf-8") as file:
                record = json.load(file)
        except PermissionError:
            raise self.foreign()
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) and RECORDED <= set(record) else {}

    def write(self, **record: Any) -> None:
        """Keeps the record."""
        handle, temporary = tempfile.mkstemp(dir=self.folder)  # mode 0600: it holds the password
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=1, sort_keys=True)
        os.replace(temporary, self.record_path)

    def sockets(self, record: Optional[Dict[str, Any]] = None) -> str:
        """The folder with the sockets of the run that is recorded."""
        return (record or self.read()).get("sockets", self.folder)

    def running(self) -> Dict[str, Any]:
        """The record of the run whose supervisord lives; {} when there is none."""
        record = self.read()
        here = record.get("boot") == processes.boot_id()
        return record if here and processes.alive(record["pid"], record["start"]) else {}

    def foreign(self) -> ConfError:
        """The error for a folder that is another account's."""
        try:
            number = os.stat(self.var).st_uid
            owner = pwd.getpwuid(number).pw_name
        except (OSError, KeyError):
            return ConfError("%s cannot be read: run this as the account of the site" % self.var)
        return ConfError("%s belongs to %s: run this as that account" % (self.var, owner))

    def socket_folder(self) -> str:
        """A folder for Unix sockets: `var/run`, or a private short one when that is too long."""
        if options.short_enough(self.folder):
            return self.folder
        base = tempfile.gettempdir()
        if not options.short_enough(os.path.join(base, "deploy_conf-12345678")):
            base = "/tmp"  # noqa: S108 (mkdtemp makes the folder in it private)
        return tempfile.mkdtemp(prefix="deploy_conf-", dir=base)

    def supervisor(self, record: Optional[Dict[str, Any]] = None) -> Any:
        """supervisord's XML-RPC interface, as a proxy."""
        return supervisor_at(os.path.join(self.sockets(record), "supervisor.sock"))

    def programs(self, record: Optional[Dict[str, Any]] = None) -> Optional[List[Dict[str, Any]]]:
        """What supervisord says of each process, in starting order; None without an answer."""
        record = record or self.read()
        if not record:
            return None
        try:
            found = self.supervisor(record).getAllProcessInfo()
        except NO_ANSWER:
            return None
        order = {"redis": 0, "uwsgi": 1, "daphne": 2, "nginx": 9}
        for one in found:
            one["short"] = one["name"].replace(record.get("prefix", ""), "", 1)
            one["log"] = self.log(one["short"])
        return sorted(found, key=lambda p: (order.get(p["short"].split("_")[0], 5), p["short"]))

    def log(self, program: str) -> str:
        """The path of a program's log."""
        name = "nginx-error" if program == "nginx" else program
        return os.path.join(self.var, "log", name + ".log")

    def clean(self) -> None:
        """
        Ends processes that outlived their supervisord, and removes sockets and pid files.

        Only for the holder of the lock.
        """
        record = self.read()
        if record and record.get("boot") == processes.boot_id():
            var = os.fsencode(self.var)
            marks = [var + b"/", b"DEVOPS_VAR=" + var + b"\0"]
            marks.append(os.fsencode(record["sockets"]) + b"/")
            left = processes.leftovers(record["pid"], record["start"], marks)
            # An nginx worker shows neither its command line nor its environment.
            master, session = self._nginx_master(), record["pid"]
            workers = processes.every(name="nginx", group=master, session=session)
            left.update((p, f.start) for p, f in workers.items() if f.start >= record["start"])
            processes.end(left, patience=8)
            if any(processes.alive(pid, start) for pid, start in left.items()):
                raise ConfError("processes of an earlier run do not end: %s" % sorted(left))
        self.forget(record)

    def _nginx_master(self) -> int:
        """What nginx's pid file says, -1 when there is none: the last master that listened."""
        try:
            with open(os.path.join(self.folder, "nginx.pid"), encoding="ascii") as file:
                return int(file.read())
        except (OSError, ValueError):
            return -1

    def forget(self, record: Dict[str, Any]) -> None:
        """Removes sockets, pid files and the record."""
        sockets = record.get("sockets", self.folder)
        for name in LEFT_BEHIND:
            _remove(os.path.join(self.folder, name))
        for name in SOCKETS:
            _remove(os.path.join(sockets, name))
        # What the processes of that run had counted.
        shutil.rmtree(os.path.join(self.folder, "metrics"), ignore_errors=True)
        if sockets != self.folder and os.path.basename(sockets).startswith("deploy_conf-"):
            shutil.rmtree(sockets, ignore_errors=True)


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str):
        super().__init__("localhost")
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class _SocketTransport(xmlrpc.client.Transport):
    """XML-RPC over a Unix socket; supervisor's own would need supervisor in this environment."""

    def __init__(self, path: str):
        super().__init__()
        self.path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _SocketConnection(self.path)


def supervisor_at(path: str) -> Any:
    """The XML-RPC interface of the supervisord that listens on a Unix socket."""
    proxy = xmlrpc.client.ServerProxy("http://localhost/RPC2", _SocketTransport(path))
    return proxy.supervisor


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
