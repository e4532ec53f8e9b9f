"""What uWSGI tells of itself, for /metrics: the worker that answers asks its stats server."""

import json
import socket
import time
from typing import Any, Dict, List, Optional

from ..metrics import Known
from . import listen_queue

SECONDS = 1.0  # the page is not to wait longer for it
MOST = 4 * 1024**2  # bytes

COUNTED = {
    "requests": "Requests that uWSGI's workers have answered",
    "exceptions": "Exceptions that the site did not catch",
    "harakiri": "Requests that were ended because they took too long",
}


def address() -> Optional[str]:
    """Where the stats server of this very uWSGI is; None where there is none, or no uWSGI."""
    try:
        import uwsgi  # only there inside of it
    except ImportError:
        return None
    for name in ("stats", "stats-server"):
        given = getattr(uwsgi, "opt", {}).get(name)
        given = given[0] if isinstance(given, list) and given else given
        if isinstance(given, bytes) and given:
            return given.decode("utf-8", "surrogateescape")
    return None


def known(where: Optional[str]) -> List[Known]:
    """The numbers as exposition() takes them; [] without an address, and one if nobody answers."""
    if where is None:
        return []
    up = "compat_uwsgi_up", "1 where uWSGI's stats server answers"
    try:
        numbers = _numbers(json.loads(_ask(where)))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return [up + ({}, 0)]
    return [up + ({}, 1)] + numbers


def _ask(where: str) -> str:
    """All that it says; OSError when that takes too long."""
    deadline = time.monotonic() + SECONDS
    text = b""
    with _connected(where) as connection:
        while len(text) < MOST:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
            part = connection.recv(65536)
            if not part:
                break
            text += part
            if time.monotonic() > deadline:
                raise OSError("it does not come to an end")
    return text[max(text.find(b"{"), 0) :].decode("utf-8", "replace")  # stats-http has a head


def _connected(where: str) -> socket.socket:
    host, _, port = where.rpartition(":")
    if "/" not in where and where[:1] != "@" and port.isdigit():
        return socket.create_connection((host.strip("[]") or "127.0.0.1", int(port)), SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(SECONDS)
        connection.connect("\0" + where[1:] if where[:1] == "@" else where)
    except BaseException:
        connection.close()
        raise
    return connection


def _numbers(found: Dict[str, Any]) -> List[Known]:
    workers = found["workers"]
    states = {"idle": 0, "busy": 0}
    for one in workers:
        state = str(one["status"])
        state = "signal" if state.startswith("sig") else state
        states[state] = states.get(state, 0) + 1
    numbers: List[Known] = [
        ("compat_uwsgi_workers", "uWSGI's workers by what they do", {"state": state}, number)
        for state, number in sorted(states.items())
    ]
    for one in workers:
        text = "Memory of a worker, as of its last request"
        numbers.append(
            ("compat_uwsgi_rss_bytes", text, {"worker": str(one["id"])}, float(one["rss"]))
        )
    for name, text in sorted(COUNTED.items()):
        key = "harakiri_count" if name == "harakiri" else name
        total = float(sum(one[key] for one in workers))
        numbers.append(("compat_uwsgi_%s_total" % name, text, {}, total))
    for one in found["sockets"]:
        # Of unix sockets uWSGI does not know it.
        waiting = one["queue"] if one["max_queue"] else listen_queue.of(str(one["name"]))
        if waiting is not None:
            text = "Connections that wait for a worker"
            labels = {"socket": str(one["name"])}
            numbers.append(("compat_uwsgi_listen_queue", text, labels, float(waiting)))
    return numbers
