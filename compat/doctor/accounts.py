"""The accounts that nginx' workers have, and what such an account may open."""

import grp
import os
import pwd
import stat
from typing import FrozenSet, List, NamedTuple

from . import examined, processes
from .nginx import Hop, same

ACL = "system.posix_acl_access"


class Account(NamedTuple):
    uid: int
    gid: int
    groups: FrozenSet[int]  # all of them

    def __str__(self) -> str:
        return user(self.uid)


def of_workers(hop: Hop) -> List[Account]:
    """Of the nginx that listens there; [] where it cannot be looked at."""
    found = set()
    for master in examined.masters():
        if any(same(spot, hop.address) for spot in processes.listening(master)):
            found |= {account(worker) for worker in processes.children(master)}
    return sorted(found)


def account(pid: int) -> Account:
    with open("/proc/%d/status" % pid) as file:
        told = dict(line.partition(":")[::2] for line in file)
    uid, gid = (int(told[name].split()[1]) for name in ("Uid", "Gid"))
    return Account(uid, gid, frozenset(map(int, told["Groups"].split())) | {gid})


def refuses(path: str, one: Account) -> str:
    """What keeps an account from a unix socket: a folder on the way, or itself; "" for nothing."""
    if one.uid == 0:
        return ""
    folder, parts = os.sep, []
    for name in os.path.dirname(path).split(os.sep):
        folder = os.path.join(folder, name)
        parts.append((folder, os.X_OK))
    for part, wanted in parts + [(path, os.W_OK)]:
        try:
            seen = os.stat(part)
        except OSError:  # we may not look at it, or it has gone
            return ""
        if not _may(seen, one, wanted) and not _has_list(part):
            return part
    return ""


def _may(seen: os.stat_result, one: Account, wanted: int) -> bool:
    """The first class that fits is the only one that counts."""
    if seen.st_uid == one.uid:
        shift = 6
    else:
        shift = 3 if seen.st_gid in one.groups else 0
    return bool(seen.st_mode >> shift & wanted)


def _has_list(path: str) -> bool:
    """Whether an access control list says more than the mode."""
    try:
        return ACL in os.listxattr(path)
    except OSError:
        return False


def mode(path: str) -> str:
    """mode 660, www:www."""
    seen = os.stat(path)
    text = "mode %o, %s:%s"
    return text % (stat.S_IMODE(seen.st_mode), user(seen.st_uid), group(seen.st_gid))


def user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
