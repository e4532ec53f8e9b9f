"""The home page fails."""

import os
import stat
from typing import Any, Iterator, List, Optional, Tuple

from .. import accounts, examined, processes, way, wire
from ..nginx import Block, Hop
from ..processes import Address

ORDER = 105
WHY = "Who opens the site sees an error, whether its WebSockets open or not."
CHANGE = "nginx's error log has the line of that time, with the reason."

OWN = "The traceback of that time, in the log of uWSGI (or daphne), names the line to change."
CLOSED = (
    "A page that says so on purpose (maintenance), or a limit of nginx: limit_req, limit_conn. "
    "nginx's error log and its configuration tell."
)
LATE = (
    "The log of uWSGI says what took so long (harakiri, harakiri-verbose); all workers busy: "
    "processes in uwsgi.ini."
)
MODE = (
    "uwsgi.ini: chmod-socket = 660 and chown-socket = :%s (the group of nginx; uWSGI's account "
    "must be in it), then restart uWSGI."
)
FOLDER = (
    "chgrp %s %s; chmod g+x %s (the group of nginx); or, where that is somebody's home, a socket "
    "in a folder of its own: socket in uwsgi.ini, the same in uwsgi_pass."
)
ADDRESS = "nginx: %s where uWSGI listens (socket in uwsgi.ini), then nginx -s reload."
START = "Start uWSGI (supervisorctl start); its log says why it ended."

SECONDS = 2.0
LATER = "timed out"


def look(site: examined.Site) -> Iterator[Any]:
    hops = way.of(site, site.home)
    answer = asked(site, hops)
    if not answer or not (answer.status >= 500 or answer.error == LATER):
        return
    location = taking(hops[-1]) if hops else None
    if answer.status != 500 and is_daphnes(site, location):
        return
    text = "%s gets %s" % ((site.origin or "nginx") + site.home, answer)
    found = [reason(site, hops[-1], end) for end in ends(site, location)] if location else []
    told = next(filter(None, found), None)
    if answer.status in (502, 504) and told:
        yield "%s; %s leads to %s" % (text, location, told[0]), told[1]
    elif answer.status in (504, 0):
        yield text, LATE
    else:
        yield text, {502: CHANGE, 503: CLOSED}.get(answer.status, OWN)


def asked(site: examined.Site, hops: List[Hop]) -> Optional[wire.Answer]:
    """What the home page gets; without a public address, of the nginx that is known."""
    if site.public:
        return wire.get(site.public, site.home) if site.reached else None
    if not hops:
        return None
    host = site.another_host("localhost") if not site.allows("localhost") else "localhost"
    return wire.get(wire.Target(hops[0].address, host, hops[0].tls), site.home)


def taking(hop: Hop) -> Block:
    """The location that passes the page on, behind a try_files."""
    named = hop.location.own.get("try_files", [[""]])[-1][-1]
    for block in hop.server.block.blocks if named.startswith("@") else ():
        if block.words == ["location", named]:
            return block
    return hop.location


def is_daphnes(site: examined.Site, location: Optional[Block]) -> bool:
    """Whether the handshake fails as well, and daphne-not-reached tells it of the same proxy."""
    outside, direct = site.from_outside, site.from_daphne
    if location and "uwsgi_pass" in location.own:
        return False
    both = outside and direct and direct.status in (101, 403)
    return bool(both and outside and outside.status in (502, 504))


def ends(site: examined.Site, location: Block) -> List[Address]:
    root = location
    while root.parent:
        root = root.parent
    for nginx in site.nginxes:
        if nginx.root is root:
            return nginx.targets(location, "uwsgi_pass", "proxy_pass")
    return []


def reason(site: examined.Site, hop: Hop, end: Address) -> Optional[Tuple[str, str]]:
    """Why nginx gets nothing there, and what to change; None where it may."""
    name = shown(end)
    if isinstance(end, str) and os.path.exists(end):
        if not stat.S_ISSOCK(os.stat(end).st_mode):
            return "%s, which is no socket" % name, ADDRESS % "uwsgi_pass"
        for one in accounts.of_workers(hop):
            part = accounts.refuses(end, one)
            if part:
                text = "%s; nginx (%s) may not open %s: %s"
                group = accounts.group(one.gid)
                change = MODE % group if part == end else FOLDER % (group, part, part)
                return text % (name, one, part, accounts.mode(part)), change
    try:
        wire.reach(end, SECONDS).close()
        return None
    except PermissionError:  # ours, which is not nginx'
        return None
    except OSError as error:
        trouble = error.strerror or str(error)
    uwsgis = site.processes.of("uwsgi")
    if not uwsgis:
        return "%s: %s, and no uWSGI works in %s" % (name, trouble, site.options.folder), START
    spots = {shown(at) for one in uwsgis for at in processes.listening(one.pid)}
    there = sorted(spots - {path for one in uwsgis for path in one.said("stats")})
    text = "%s: %s; uWSGI listens on %s"
    return text % (name, trouble, ", ".join(there) or "nothing"), ADDRESS % "uwsgi_pass"


def shown(end: Address) -> str:
    return end if isinstance(end, str) else "%s:%d" % end
