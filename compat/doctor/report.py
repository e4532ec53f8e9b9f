"""Runs the findings, and says what they found, to people and to programs."""

from typing import Any, Callable, Dict, List, NamedTuple

from ..patching import BRIDGE
from . import examined, findings

GUIDE = "docs/guide/troubleshoot.md"


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

    def as_dict(self) -> Dict[str, Any]:
        rows = [dict(one._asdict()) for one in self.found]
        return {"findings": rows, "remarks": self.remarks, "kinds": self.kinds}


def examine(site: examined.Site, progress: Callable[[str], None] = lambda id: None) -> Report:
    """Looks for every kind of finding; one that raises is a remark, and the others go on."""
    found, remarks = [], list(site.processes.hidden)
    if not site.public:
        remarks.append("nothing was looked at from outside: --url https://www.example.org")
    modules = findings.every()
    for module in modules:
        name = findings.id_of(module)
        progress(name)
        try:
            seen = list(module.look(site))
        except Exception as error:  # the next kind may still be looked for
            remarks.append("%s was not looked for: %s: %s" % (name, type(error).__name__, error))
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
                    "%s#%s" % (GUIDE, name),
                )
            )
    for view in site.views:
        if view.facts.get("unseen"):
            remarks.append("%s could not be asked: %s" % (view.name, view.facts["unseen"]))
    return Report(found, remarks, len(modules))


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
    total = "%d found" % count if count else "nothing is wrong"
    total += "; the first may explain the others" if count > 1 else ""
    return rows + ["%d kinds of faults were looked for: %s" % (report.kinds, total)]
