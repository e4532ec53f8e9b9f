"""What init says: a unified diff, and what people have to do themselves."""

import difflib
from typing import Iterator, List

from . import plan
from .site import Site
from .source import Source


def diff(source: Source) -> Iterator[str]:
    """The lines of a diff that `patch -p1` takes."""
    new = (source.result() or b"").decode(source.encoding)
    name = source.path.replace("\\", "/")
    before = "a/" + name if source.data is not None else "/dev/null"
    old, new_lines = lines(source.text), lines(new)
    for row in difflib.unified_diff(old, new_lines, before, "b/" + name):
        if row.endswith("\n"):
            yield row[:-1]
        else:
            yield row
            yield "\\ No newline at end of file"


def lines(text: str) -> List[str]:
    """Those of a file; \\r and \\f end none."""
    parts = text.split("\n")
    found = [part + "\n" for part in parts[:-1]]
    return found + ([parts[-1]] if parts[-1] else [])


def report(site: Site, remark: str) -> Iterator[str]:
    """Everything, in lines."""
    if remark:
        yield "note: " + remark
    mine, theirs = plan.parts(site)
    for source in mine:
        for row in diff(source):
            yield row
    if theirs or site.advice:
        yield ""
        yield "by hand:"
    for source in theirs:
        yield "- %s: init does not write it: %s" % (source.path, source.blocked)
        for row in diff(source):
            yield "    " + row
    for one in site.advice:
        yield "- %s: %s" % (one.where, one.why)
        for row in one.lines:
            yield "    " + row
