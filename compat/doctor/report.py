"""Runs the findings, and says what they found, to people and to programs."""

import os
import time
from typing import Any, Callable, Dict, List, NamedTuple

from ..patching import BRIDGE
from . import examined, findings

GUIDE = "docs/guide/troubleshoot.md"
CHINESE = "docs/guide/troubleshoot.zh-CN.md"
# Seconds after which nothing new is begun, where each thing that is asked hangs in turn.
LONGEST = 150.0


class Found(NamedTuple):
    """One thing that is wrong; `doc` is where the guide says more."""

    id: str
    title: str
    observed: str
    why: str
    change: str
    doc: str


class Report(NamedTuple):
    """What was found, causes first; what could not be looked at; and how many kinds there are."""

    found: List[Found]
    remarks: List[str]
    kinds: int
    seen: bool = True  # whether all kinds were looked for, and the site's processes could be seen

    @property
    def status(self) -> int:
        """Of the command: 1 with a finding, 2 where too little was seen to say there is none."""
        return 1 if self.found else 0 if self.seen else 2

    def as_dict(self) -> Dict[str, Any]:
        rows = [dict(one._asdict()) for one in self.found]
        return {"findings": rows, "remarks": self.remarks, "kinds": self.kinds}


def examine(site: examined.Site, progress: Callable[[str], None] = lambda id: None) -> Report:
    """Looks for every kind of finding; one that raises is a remark, and the others go on."""
    start = time.monotonic()
    site.begin()
    found, remarks, late = [], list(site.processes.hidden), []
    seen_all = bool(site.processes.found or not site.processes.hidden)
    if not site.public:
        remarks.append("nothing was looked at from outside: --url https://www.example.org")
    modules = findings.every()
    for module in modules:
        name = findings.id_of(module)
        if time.monotonic() - start > LONGEST:
            late.append(name)
            continue
        progress(name)
        try:
            seen = list(module.look(site))
        except Exception as error:  # the next kind may still be looked for
            remarks.append("%s was not looked for: %s: %s" % (name, type(error).__name__, error))
            seen_all = False
            continue
        for one in seen:
            observed, change = one if isinstance(one, tuple) else (one, module.CHANGE)
            found.append(
                Found(
                    name,
                    (module.__doc__ or "").strip().splitlines()[0],
                    observed,
                    module.WHY,
                    filled(change, site),
                    "%s#%s" % (guide(), name),
                )
            )
    if late:
        remarks.append("not looked for, since it took too long: %s" % ", ".join(late))
    for view in site.kept.get("views", ()):
        if view.facts.get("unseen"):
            remarks.append("%s could not be asked: %s" % (view.name, view.facts["unseen"]))
            seen_all = False
    return Report(found, remarks, len(modules) - len(late), seen_all and not late)


def guide() -> str:
    """The page of the reader's language."""
    told = [os.environ.get(name) for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")]
    return CHINESE if (next(filter(None, told), "")).startswith("zh") else GUIDE


def filled(change: str, site: examined.Site) -> str:
    """A line to change with the site's names in it."""
    names = {"bridge": BRIDGE, "origin": site.origin or "https://www.example.org"}
    names["host"] = site.public.host.partition(":")[0] if site.public else "www.example.org"
    for name, value in names.items():
        change = change.replace("%%(%s)s" % name, value)
    return change.replace("%%", "%")


def lines(report: Report, red: Callable[[str], str], bold: Callable[[str], str]) -> List[str]:
    """The text for people."""
    rows = []
    for one in report.found:
        rows.append("%s  %s" % (red(one.id), bold(one.title)))
        rows.append("  seen    %s" % one.observed)
        rows.append("  why     %s" % one.why)
        rows.append("  change  %s" % one.change)
        rows.append("  more    %s" % one.doc)
        rows.append("")
    rows += ["note: %s" % remark for remark in report.remarks]
    count = len(report.found)
    none = "nothing is wrong" if report.seen else "none was seen, and not all could be looked at"
    total = "%d found" % count if count else none
    total += "; the first may explain the others" if count > 1 else ""
    return rows + ["%d kinds of faults were looked for: %s" % (report.kinds, total)]
