"""INSTALLED_APPS: the bridge, its streams, and channels."""

from typing import List, Optional, Set

from .. import lists
from ..chain import Chain, Step, value_of, what
from ..site import OTHERS, Site

ORDER = 50
NAME = "INSTALLED_APPS"


def look(site: Site) -> None:
    bridge = site.bridge
    done: Set[int] = set()
    for chain in site.chains:
        missing = [bridge, bridge + ".streams", "channels"]
        missing = [app for app in missing if not site.has_app(chain, app)]
        for other in sorted(OTHERS):
            if site.has_app(chain, other + ".streams"):
                lines = ["%s: %s%s" % (NAME, bridge, end) for end in ("", ".streams")]
                site.tell(chain.module, "it has %s, and here the name is:" % other, *lines)
                missing = []
        base = chain.base(NAME)
        if not missing or (base and id(base.node) in done):
            continue
        problem = why_not(chain, base)
        if base is None or problem:
            why = "%s; at the end of what sets it:" % problem
            site.tell(place(chain), why, "%s = list(%s) + [" % (NAME, NAME), *_rows(missing))
            continue
        done.add(id(base.node))
        add(chain, base, missing)


def place(chain: Chain) -> str:
    about = chain.about(NAME)
    source = chain.source
    return str(about[-1]) if about else source.path if source else chain.module


def why_not(chain: Chain, base: Optional[Step]) -> str:
    """Why it cannot be said safely where the apps go, "" where it can."""
    if base is None:
        return "%s is not set there in a way that can be read" % NAME
    about = chain.about(NAME)
    later = [one for one in about[about.index(base) + 1 :] if what(one.node, NAME) == "binds"]
    if later:
        return "%s is set again, under a condition, in %s" % (NAME, later[0])
    if not chain.kind(value_of(base.node)) and any(
        chain.kind(value_of(one.node)) == "tuple" or " + (" in one.node.get_code()
        for one in about[about.index(base) + 1 :]
        if value_of(one.node) is not None
    ):
        return "%s is computed, and a tuple is added to it" % NAME
    return ""


def add(chain: Chain, base: Step, missing: List[str]) -> None:
    value = value_of(base.node)
    if lists.is_display(value) and chain.kind(value):
        lists.append(base.source, value, missing)
        return
    steps = [one for one in chain.about(NAME) if one.source is base.source]
    kind = chain.kind(value)
    rows = _rows(missing)
    if kind == "tuple":
        lines = [NAME + " += ("] + rows[:-1] + [")"]
    elif kind == "list":
        lines = [NAME + " += ["] + rows
    else:
        lines = ["%s = list(%s) + [" % (NAME, NAME)] + rows
    base.source.insert_lines(base.source.after(steps[-1].top), lines)


def _rows(missing: List[str]) -> List[str]:
    return ['    "%s",' % app for app in missing] + ["]"]
