"""SELinux keeps nginx from daphne."""

import os
from typing import Any, Iterator

from .. import examined

ORDER = 103
WHY = "nginx may not connect to ports that its policy does not know: 502, whatever daphne does."
CHANGE = "setsebool -P httpd_can_network_connect 1"

ROOT = "/"
DOMAIN = ":httpd_t:"


def look(site: examined.Site) -> Iterator[Any]:
    outside, direct = site.from_outside, site.from_daphne
    if not outside or not direct or (outside.status, direct.status != 0) != (502, True):
        return
    if read("sys/fs/selinux/enforce") != "1" or isinstance(site.daphne.address, str):
        return
    if read("sys/fs/selinux/booleans/httpd_can_network_connect").split()[:1] != ["0"]:
        return
    confined = [pid for pid in examined.masters() if DOMAIN in read("proc/%d/attr/current" % pid)]
    if confined:
        text = (
            "enforcing, httpd_can_network_connect is off, and nginx (pid %d) is %s; %s%s gets 502"
        )
        domain = read("proc/%d/attr/current" % confined[0])
        yield text % (confined[0], domain, site.origin, site.path)


def read(name: str) -> str:
    try:
        with open(os.path.join(ROOT, name), encoding="ascii", errors="replace") as file:
            return file.read().strip(" \n\0")
    except OSError:
        return ""
