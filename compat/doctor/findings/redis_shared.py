"""Another site uses the same database of the same Redis."""

from typing import Any, Dict, Iterator, List, Tuple

from .. import examined, processes, views

ORDER = 80
WHY = (
    "Each gets what the other sends to a group of the same name: its users' messages, or some that "
    "it cannot read."
)
CHANGE = (
    'Another number at the end of REDIS_URL for each site, or another "prefix" in CONFIG of '
    "CHANNEL_LAYERS; then restart all its processes."
)

MOST = 5  # processes of others that are asked


def look(site: examined.Site) -> Iterator[Any]:
    there, ours = set(), set()
    sending = [view for view in site.views if view.kind and "received" not in view.facts]
    if any(view.facts.get("errors") or view.facts.get("unseen") for view in sending[:1]):
        return  # it would not send anything
    for view in site.views:
        there.update((view.facts.get("redis") or {}).get("clients", ()))
        ours.update(map(tuple, view.facts.get("places", ())))
    others: Dict[Tuple[str, str], processes.Process] = {}
    for one in processes.elsewhere(site.options.folder) if there else ():
        if there & processes.ports(one.pid):
            others.setdefault((one.folder, one.kind), one)
    if not others:
        return
    senders = site.processes.of("uwsgi") or site.processes.of("daphne")
    asked: List[processes.Process] = list(others.values())[:MOST]
    for one, places in views.reached(senders[0] if senders else None, asked):
        # A release in another folder is the same site, and has the same database.
        if not ours & set(map(tuple, places)):
            yield "a message to a group reached %s of %s, too" % (one, one.folder)
