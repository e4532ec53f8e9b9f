"""What this machine can: become root, listen on IPv6, speak UTF-8."""

import locale
import os
import pwd
import socket
from typing import Mapping, Optional

LOCALE_VARIABLES = ("LC_ALL", "LC_CTYPE", "LANG")


def root_user() -> Optional[str]:
    """The account's name when this process is root, else None: only root can change users."""
    return pwd.getpwuid(0).pw_name if os.geteuid() == 0 else None


def has_ipv6() -> bool:
    """Whether this machine can listen on IPv6 at all; nginx refuses `[::]` where it cannot."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def utf8_locale() -> str:
    """C.UTF-8, or another one that this machine has instead."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8"):
            try:
                locale.setlocale(locale.LC_CTYPE, name)
                return name
            except locale.Error:
                continue
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return "C.UTF-8"


def names_locale(environment: Mapping[str, str]) -> bool:
    """Whether an environment says which locale it wants."""
    return any(environment.get(name) for name in LOCALE_VARIABLES)
