"""servers: which programs `up` and `render` would take on this machine."""

import argparse
import platform
from typing import Callable, List, Tuple

from .. import binaries
from ..errors import ConfError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command, which has no options."""
    text = "list the servers that are installed here"
    one = commands.add_parser("servers", help=text, description=text.capitalize() + ".")
    one.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints a line for each server, with its path or with what to install; 1 if one lacks."""
    kinds: List[Tuple[str, Callable[[], str]]] = [
        ("nginx", nginx),
        ("uWSGI", uwsgi),
        ("Redis", redis),
        ("supervisor", supervisor),
    ]
    missing = 0
    for name, find in kinds:
        try:
            said = find()
        except ConfError as error:
            said, missing = str(error), 1
        print("%-10s  %s" % (name, said))
    return missing


def nginx() -> str:
    path = binaries.nginx()
    return "%s, %s" % (path, ".".join(map(str, binaries.nginx_version(path))))


def uwsgi() -> str:
    found = binaries.uwsgi()
    words = found.command[-1], found.version(), platform.python_version()
    return "%s, %s, for Python %s" % words


def redis() -> str:
    path = binaries.redis_server()
    version = binaries.redis_version(path)
    known = version != binaries.NEWEST
    return "%s, %s" % (path, ".".join(map(str, version))) if known else path


def supervisor() -> str:
    binaries.supervisord()
    from supervisor.options import VERSION

    return "supervisord %s of this environment" % VERSION
