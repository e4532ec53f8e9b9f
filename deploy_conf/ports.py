"""TCP ports: whether one is free now, before anything is started that wants it."""

import socket
from typing import Optional

from .errors import ConfError


def check(host: str, port: int) -> None:
    """Raises ConfError when nobody could listen there now."""
    error = bind_error(host, port)
    if error:
        raise ConfError(
            "port %d on %s cannot be used (%s); choose another: --port N, or "
            "PORT=N make run" % (port, host, error)
        )


def free(preferred: int, besides: int) -> int:
    """The first free loopback port from `preferred` on, except one that is spoken for."""
    for port in range(preferred, preferred + 500):
        if port != besides and bind_error("127.0.0.1", port) is None:
            return port
    raise ConfError("no free port for daphne between %d and %d" % (preferred, preferred + 499))


def bind_error(host: str, port: int) -> Optional[str]:
    """Why nobody can listen there, None when somebody could."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            # As nginx does: connections of an earlier run that are closing do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host.strip("[]"), port))
            probe.listen(1)
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return None
