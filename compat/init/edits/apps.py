"""INSTALLED_APPS: the bridge, its streams, and channels."""

from typing import List, Optional, Set

from .. import lists, syntax
from ..chain import Chain, Step, value_of, what
from ..site import OTHERS, Site, is_app

ORDER = 50
NAME = "INSTALLED_APPS"


def look(site: Site) -> None:
    bridge = site.bridge
    done: Set[int] = set()
    for chain in site.chains:
        missing = absent(site, chain, [bridge, bridge + ".streams", "channels"])
        for other in sorted(OTHERS):
            if site.has_app(chain, other + ".streams"):
                lines = ["%s: %s%s" % (NAME, bridge, end) for end in ("", ".streams")]
                site.tell(chain.module, "it has %s, and here the name is:" % other, *lines)
                missing = []
        base, end = chain.base(NAME), last(chain)
        if not missing or {id(one.node) for one in (base, end) if one} & done:
            continue
        problem = why_not(chain, base)
        if problem and end is not None:
            done.add(id(end.node))
            add_below(chain, end, missing)
        elif base is None or problem:
            end_of = "at the end of what sets it" if chain.about(NAME) else "at its end"
            why = "%s; %s:" % (problem, end_of)
            site.tell(place(chain), why, "%s = list(%s) + [" % (NAME, NAME), *_rows(missing))
        else:
            done.add(id(base.node))
            add(chain, base, missing)


def absent(site: Site, chain: Chain, apps: List[str]) -> List[str]:
    """Those that it does not have; one that it has under a condition is told."""
    found = []
    for app in apps:
        if not site.has_app(chain, app):
            found.append(app)
        elif not chain.has(NAME, lambda text, app=app: is_app(app, text)):  # type: ignore[misc]
            where = [one for one in chain.about(NAME) if app in syntax.strings(one.node)]
            why = "%s is in %s under a condition; have it there always:" % (app, NAME)
            site.tell(str(where[-1]) if where else place(chain), why, '"%s",' % app)
    return found


def place(chain: Chain) -> str:
    about = chain.about(NAME)
    source = chain.source
    return str(about[-1]) if about else source.path if source else chain.module


def last(chain: Chain) -> Optional[Step]:
    """The last step, where the name is set whatever the conditions are, and can be added to."""
    about = chain.about(NAME)
    if about and about[-1].reached and about[-1].only is None and chain.is_settled(NAME):
        return about[-1]
    return None


def add_below(chain: Chain, end: Step, missing: List[str]) -> None:
    """Below all conditions."""
    binds = [one for one in chain.about(NAME) if what(one.node, NAME) == "binds"]
    kinds = {chain.kind(value_of(one.node)) for one in binds}
    lines = _added(kinds.pop() if len(kinds) == 1 else "", missing)
    end.source.insert_lines(end.source.after(end.top), lines)


def why_not(chain: Chain, base: Optional[Step]) -> str:
    """Why it cannot be said safely where the apps go, "" where it can."""
    if base is None and chain.unread and not chain.about(NAME):
        return "%s is not set in what can be read, and %s is not" % (NAME, chain.unread[-1])
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
    lines = _added(chain.kind(value), missing)
    base.source.insert_lines(base.source.after(steps[-1].top), lines)


def _added(kind: str, missing: List[str]) -> List[str]:
    """The statement that adds them to a list, a tuple, or either."""
    if kind == "tuple":
        return [NAME + " += ("] + _rows(missing)[:-1] + [")"]
    head = NAME + " += [" if kind == "list" else "%s = list(%s) + [" % (NAME, NAME)
    return [head] + _rows(missing)


def _rows(missing: List[str]) -> List[str]:
    return ['    "%s",' % app for app in missing] + ["]"]
