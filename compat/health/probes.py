"""What is asked: each probe returns None, or in a few words what is wrong."""

import os
import threading
import time
from typing import Any, Dict, Optional, Tuple, Union

from django.db import connections
from django.utils.module_loading import import_string

from ..channel_layer import layers
from ._settings import CHECKS, DISK

# A probe that takes longer counts as failed; it is not asked again before it has ended.
SECONDS = 3.0
# Whoever asks more often than this is told the same again: a check must not be a load.
FRESH = 1.0

# name of a probe → None, or what is wrong; how a probe is given: a function or its dotted path.
Results = Dict[str, Optional[str]]
Probes = Dict[str, Union[str, Any]]

_lock = threading.Lock()
_running: Dict[str, threading.Thread] = {}
_known: Tuple[float, Optional[Results]] = (0.0, None)  # when, what run() returned then


def database() -> None:
    """The default database answers, and takes writes where that can be told."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def layer() -> None:
    """The channel layer takes a message for nobody."""
    found = layers.network_layer()
    if found is not None:
        layers.group_send(found, "compat.health", {"type": "compat.health"}, SECONDS)


def disk() -> Optional[str]:
    """Folders of COMPAT_HEALTH_DISK have room."""
    for folder, least in sorted(DISK().items()):
        found = os.statvfs(folder)
        free = found.f_bavail * found.f_frsize
        if free < least:
            return "%s has %d MiB left, %d are needed" % (folder, free >> 20, least >> 20)
    return None


def probes() -> Probes:
    """{name: function} of this site."""
    found: Probes = {"database": database, "layer": layer, "disk": disk}
    found.update(CHECKS())
    return found


def run() -> Results:
    """{name: None or what is wrong} of all probes, at most FRESH seconds old."""
    global _known
    with _lock:
        at, found = _known
        if found is None or time.monotonic() - at > FRESH:
            found = _run(probes())
            _known = time.monotonic(), found
        return found


def _run(wanted: Probes) -> Results:
    results: Results = {}
    begun = []
    for name, probe in sorted(wanted.items()):
        if name in _running and _running[name].is_alive():
            results[name] = "still does not answer"
            continue
        thread = _running[name] = threading.Thread(
            target=_ask, args=(name, probe, results), name="health-" + name, daemon=True
        )
        thread.start()
        begun.append((name, thread))
    deadline = time.monotonic() + SECONDS
    for name, thread in begun:
        thread.join(max(0, deadline - time.monotonic()))
        if thread.is_alive():
            results[name] = "does not answer within %g s" % SECONDS
    return {name: results.get(name) for name in wanted}


def _ask(name: str, probe: Any, results: Results) -> None:
    try:
        # Imported where an error is an answer.
        results[name] = (import_string(probe) if isinstance(probe, str) else probe)()
    except Exception as error:
        results[name] = "%s: %s" % (type(error).__name__, " ".join(str(error).split())[:200])
    finally:
        connections.close_all()
