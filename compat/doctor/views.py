"""Asks what each process of the site sees, and sends a message from one to the others."""

import uuid
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from .child import Child
from .processes import Process

# They differ between processes that are otherwise the same.
OWN = ("SUPERVISOR_PROCESS_NAME", "INVOCATION_ID", "JOURNAL_STREAM", "OLDPWD", "SHLVL", "_")


class View(NamedTuple):
    """The facts of seen.py, and whose they are; `name` is for people."""

    name: str
    kind: str
    facts: Dict[str, Any]

    def error(self, name: str) -> str:
        """What was raised there, "" for nothing."""
        return self.facts.get("errors", {}).get(name, "")


def look(processes: List[Process]) -> List[View]:
    """
    What they see, one for each different environment; the sender of the message is a uWSGI where
    there is one, else a process like ours.
    """
    group = "doctor-%s" % uuid.uuid4().hex[:12]
    daphnes, others = _different(processes)
    started: List[Child] = []

    def start(one: Optional[Process], **asked: str) -> Child:
        started.append(Child(one, **asked))
        return started[-1]

    try:
        listeners = [start(one, listen=group) for one in daphnes]
        more = [start(one) for one in others[1:]]
        views = [View(str(one), one.kind, child.first()) for one, child in zip(daphnes, listeners)]
        sender = others[0] if others else None
        senders: List[Optional[Process]] = [sender, *others[1:]]
        for one, child in zip(senders, [start(sender, send=group), *more]):
            facts = child.first()
            child.rest()
            name, kind = (str(one), one.kind) if one else ("this process", "")
            views.append(View(name, kind, facts))
        for child in listeners:  # all are told, before one is waited for
            child.finish()
        for child, view in zip(listeners, views):
            view.facts.update(child.rest())
    finally:
        for child in started:
            child.stop()
    return views


def reached(sender: Optional[Process], others: List[Process]) -> List[Tuple[Process, List[Any]]]:
    """Which processes of other sites get what ours sends to a group, with their databases."""
    group = "doctor-%s" % uuid.uuid4().hex[:12]
    listeners = [Child(one, listen=group) for one in others]
    started = list(listeners)
    try:
        facts = [child.first() for child in listeners]
        started.append(Child(sender, send=group))
        started[-1].first()
        started[-1].rest()
        for child in listeners:
            child.finish()
        told = [child.rest() for child in listeners]
    finally:
        for child in started:
            child.stop()
    rows = zip(others, told, facts)
    # Of one that did not tell its databases nobody knows whose it is.
    return [
        (one, seen["places"])
        for one, more, seen in rows
        if more.get("received") and "places" in seen
    ]


def _different(processes: List[Process]) -> Tuple[List[Process], List[Process]]:
    seen, daphnes, others = set(), [], []
    for one in processes:
        variables = tuple(sorted((k, v) for k, v in one.variables().items() if k not in OWN))
        key = (one.kind, one.folder, one.uid, tuple(one.python()), one.application(), variables)
        if key not in seen:
            seen.add(key)
            (daphnes if one.kind == "daphne" else others).append(one)
    return daphnes, others
