"""How supervisor or systemd stops a process, as the one that runs says it."""

import http.client
import re
import signal
import socket
import subprocess
import urllib.parse
import xmlrpc.client
from typing import Any, Dict, NamedTuple, Optional

from .processes import Process

SECONDS = 5.0
UNIT = re.compile(r"/([^/]+\.service)(?:/|$)", re.M)
UNITS = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "min": 60,
    "h": 3600,
    "day": 86400,
    "d": 86400,
    "w": 604800,
}


class Rule(NamedTuple):
    """seconds: until it is killed, None for never; signal: without SIG."""

    who: str
    seconds: Optional[float]
    signal: str


def rule(one: Process) -> Optional[Rule]:
    """None where nobody that can be asked has started it."""
    if "SUPERVISOR_SERVER_URL" in one.environ and "SUPERVISOR_PROCESS_NAME" in one.environ:
        return by_supervisor(one.environ)
    try:
        with open("/proc/%d/cgroup" % one.pid) as file:
            units = UNIT.findall(file.read())
    except OSError:
        return None
    return by_systemd(units[-1]) if units else None


def by_supervisor(environ: Dict[str, str]) -> Optional[Rule]:
    """What supervisord has for it; None for a supervisor before 4.0, or one that refuses us."""
    url = environ["SUPERVISOR_SERVER_URL"]
    transport = _Unix(url[len("unix://") :]) if url.startswith("unix://") else _Tcp()
    address = "http://127.0.0.1" if url.startswith("unix://") else url
    name = environ["SUPERVISOR_PROCESS_NAME"], environ.get("SUPERVISOR_GROUP_NAME")
    try:
        server: Any = xmlrpc.client.ServerProxy(address, transport)
        for row in server.supervisor.getAllConfigInfo():
            if (row["name"], row["group"]) == name:
                number = row["stopsignal"]
                told = signal.Signals(number).name[3:] if isinstance(number, int) else str(number)
                return Rule("supervisor", float(row["stopwaitsecs"]), told)
    except (OSError, xmlrpc.client.Error, http.client.HTTPException, KeyError, ValueError):
        return None
    return None


class _Tcp(xmlrpc.client.Transport):
    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = SECONDS
        return connection


class _Unix(xmlrpc.client.Transport):
    def __init__(self, path: str):
        super().__init__()
        self.path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(SECONDS)
        connection.sock.connect(urllib.parse.unquote(self.path))
        return connection


def by_systemd(unit: str) -> Optional[Rule]:
    """What `systemctl show` says of a unit; None where there is no systemd."""
    names = "TimeoutStopUSec,KillSignal,LoadState"
    try:
        done = subprocess.run(
            ["systemctl", "show", "--property", names, "--", unit],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return shown(done.stdout.decode("utf-8", "replace"))


def shown(text: str) -> Optional[Rule]:
    """TimeoutStopUSec=1min 30s and KillSignal=15, as `systemctl show` has it."""
    told = dict(line.partition("=")[::2] for line in text.splitlines())
    if told.get("LoadState") != "loaded" or not told.get("KillSignal", "").isdigit():
        return None
    time = told.get("TimeoutStopUSec", "")
    found = re.findall(r"(\d+(?:\.\d+)?)(us|ms|s|min|h|day|d|w)\b", time)
    if not found and time != "infinity":
        return None
    seconds = sum(float(n) * UNITS[unit] for n, unit in found) if found else None
    return Rule("systemd", seconds, signal.Signals(int(told["KillSignal"])).name[3:])
