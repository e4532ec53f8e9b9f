"""Runs the findings, and says what they found, to people and to programs."""

import os
import threading
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from ..patching import BRIDGE
from . import child, examined, findings

GUIDE = "docs/guide/troubleshoot.md"
CHINESE = "docs/guide/troubleshoot.zh-CN.md"
# Seconds after which the report is of what has been seen, whatever hangs: a network's disk, too.
LONGEST = 225.0


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
    looked: Sequence[str] = ()  # what was seen, and is no finding

    @property
    def status(self) -> int:
        """Of the command: 1 with a finding, 2 where too little was seen to say there is none."""
        return 1 if self.found else 0 if self.seen else 2

    def as_dict(self) -> Dict[str, Any]:
        rows = [dict(one._asdict()) for one in self.found]
        told = {"remarks": self.remarks, "kinds": self.kinds, "seen": list(self.looked)}
        return dict(told, findings=rows)


class Examination:
    """What one run has found so far."""

    def __init__(self, site: examined.Site, progress: Callable[[str], None]):
        self.site, self.progress = site, progress
        self.found: List[Found] = []
        self.remarks: List[str] = []
        self.waiting = findings.every()
        self.kinds = len(self.waiting)
        self.seen_all = True
        self.raised: Optional[BaseException] = None

    def run(self) -> None:
        try:
            self._run()
        except BaseException as error:  # who waits for this thread raises it
            self.raised = error

    def _run(self) -> None:
        site = self.site
        site.begin()
        self.remarks += site.processes.hidden
        self.seen_all = bool(site.processes.found or not site.processes.hidden)
        if not site.public:
            self.remarks.append("nothing was looked at from outside: --url https://www.example.org")
        while self.waiting:
            module = self.waiting[0]
            name = findings.id_of(module)
            self.progress(name)
            try:
                seen = list(module.look(site))
            except Exception as error:  # the next kind may still be looked for
                text = "%s was not looked for: %s: %s"
                self.remarks.append(text % (name, type(error).__name__, error))
                self.seen_all, seen = False, []
            self.found += [found(module, one, site) for one in seen]
            self.waiting = self.waiting[1:]

    def report(self) -> Report:
        """As far as it has come."""
        late = [findings.id_of(module) for module in self.waiting]
        remarks, seen_all = list(self.remarks), self.seen_all and not late
        if late:
            remarks.append("not looked for, since it took too long: %s" % ", ".join(late))
        for view in self.site.kept.get("views", ()):
            if view.facts.get("unseen"):
                remarks.append("%s could not be asked: %s" % (view.name, view.facts["unseen"]))
                seen_all = False
        looked = [] if late else self.site.looked
        return Report(list(self.found), remarks, self.kinds - len(late), seen_all, looked)


def examine(site: examined.Site, progress: Callable[[str], None] = lambda id: None) -> Report:
    """Looks for every kind of finding; one that raises is a remark, and the others go on."""
    one = Examination(site, progress)
    child.halted.clear()
    # A thread, for what hangs in the kernel cannot be given up in any other way.
    thread = threading.Thread(target=one.run, daemon=True)
    thread.start()
    try:
        thread.join(LONGEST)
    finally:
        if thread.is_alive():
            child.stop_all()
    if one.raised:
        raise one.raised
    return one.report()


def found(module: Any, seen: Any, site: examined.Site) -> Found:
    observed, change = seen if isinstance(seen, tuple) else (seen, module.CHANGE)
    return Found(
        findings.id_of(module),
        (module.__doc__ or "").strip().splitlines()[0],
        observed,
        module.WHY,
        filled(change, site),
        "%s#%s" % (guide(), findings.id_of(module)),
    )


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
    rows += ["seen: %s" % one for one in report.looked]
    rows += ["note: %s" % remark for remark in report.remarks]
    count = len(report.found)
    none = "nothing is wrong" if report.seen else "none was seen, and not all could be looked at"
    total = "%d found" % count if count else none
    total += "; the first may explain the others" if count > 1 else ""
    return rows + ["%d kinds of faults were looked for: %s" % (report.kinds, total)]
