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
    listeners = [Child(one, listen=group) for one in daphnes]
    views = [View(str(one), one.kind, child.first()) for one, child in zip(daphnes, listeners)]
    senders: List[Optional[Process]] = list(others) or [None]
    for number, one in enumerate(senders):
        child = Child(one) if number else Child(one, send=group)
        facts = child.first()
        child.rest()
        views.append(View(str(one), one.kind, facts) if one else View("this process", "", facts))
    for child, view in zip(listeners, views):
        view.facts.update(child.rest())
    return views


def _different(processes: List[Process]) -> Tuple[List[Process], List[Process]]:
    seen, daphnes, others = set(), [], []
    for one in processes:
        variables = tuple(sorted((k, v) for k, v in one.variables().items() if k not in OWN))
        key = (one.kind, one.folder, one.uid, tuple(one.python()), one.application(), variables)
        if key not in seen:
            seen.add(key)
            (daphnes if one.kind == "daphne" else others).append(one)
    return daphnes, others
