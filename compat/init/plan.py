"""Asks every kind of edit, and makes sure that the outcome is what was meant."""

from typing import Dict, List, Optional, Tuple

from . import edits
from .errors import InitError, Unsafe
from .site import Site
from .source import Source


def of(directory: str, module: str, manage: Optional[str]) -> Site:
    """The site with the changes of all edits; raises InitError."""
    site = look(Site(directory, module, manage))
    outcome = results(site)
    again = look(Site(directory, module, manage, outcome))
    left = sorted(one.path for one in again.sources.values() if one.changes)
    if left:
        raise InitError(
            "init would not find its own change again in %s; nothing was changed: go by hand, "
            "after docs/guide/adopt.md" % ", ".join(left)
        )
    return site


def look(site: Site) -> Site:
    for module in edits.every():
        module.look(site)
    return site


def results(site: Site) -> Dict[str, bytes]:
    """{path: what the file would be}; a change that would break its file is told instead."""
    found: Dict[str, bytes] = {}
    for source in changed(site):
        try:
            data = source.result()
        except Unsafe as error:
            raise InitError("%s: %s; nothing was changed" % (source.path, error))
        if data is not None:
            found[source.path] = data
    return found


def changed(site: Site) -> List[Source]:
    return sorted((one for one in site.sources.values() if one.changes), key=lambda one: one.path)


def parts(site: Site) -> Tuple[List[Source], List[Source]]:
    """(what init may write, what people have to write)."""
    found = changed(site)
    return [one for one in found if not one.blocked], [one for one in found if one.blocked]
