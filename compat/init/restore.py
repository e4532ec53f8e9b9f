"""What a file was before `init` changed it, also where it was changed elsewhere since."""

import ast
from typing import Any, Dict, List, Optional, Set

from .errors import InitError
from .source import digest


def earlier(name: str, record: Dict[str, Any], data: Optional[bytes]) -> Optional[bytes]:
    """The content before, None for no file; raises InitError where that cannot be told safely."""
    created = "before" not in record
    if data is None:
        if created:
            return None
        raise InitError("%s is not there any more; nothing was taken back" % name)
    if digest(data) == record["after"]:
        if created:
            return None
        before = reversed_exactly(record["hunks"], data)
        if digest(before) != record["before"]:
            raise InitError("the record of %s is damaged; nothing was taken back" % name)
        return before
    if created:
        raise InitError(
            "%s was changed since init wrote it: move it away, or delete it, and try again; "
            "nothing was taken back" % name
        )
    if digest(data) == record["before"]:
        return data
    return reversed_elsewhere(name, record["hunks"], data)


def reversed_exactly(hunks: List[Any], data: bytes) -> bytes:
    for at, old, new in reversed(hunks):
        data = data[:at] + old.encode("latin-1") + data[at + len(new) :]
    return data


def reversed_elsewhere(name: str, hunks: List[Any], data: bytes) -> bytes:
    """Each of the lines has to be there once, as it was written."""
    found = data
    for _, old, new in hunks:
        there, instead = new.encode("latin-1"), old.encode("latin-1")
        place = found.find(there) if there else -1
        whole = place == 0 or found[place - 1 : place] == b"\n"
        if place < 0 or found.find(there, place + 1) >= 0 or not whole:
            line = (new or old).strip().splitlines()[0].strip()
            raise InitError(
                "%s was changed since, at %r: take init's lines back by hand; nothing was taken "
                "back" % (name, line)
            )
        found = found[:place] + instead + found[place + len(there) :]
    if name.endswith(".py"):
        missing = lost(data, found)
        if missing:
            raise InitError(
                "%s was changed since, and needs what init brought (%s): take init's lines back by "
                "hand; nothing was taken back" % (name, ", ".join(sorted(missing)))
            )
    return found


def lost(data: bytes, found: bytes) -> Set[str]:
    """The names that the file would still use, and nothing in it would bind any more."""
    try:
        now = ast.parse(data)
    except (SyntaxError, ValueError):
        return set()  # it is no Python with these lines, either
    try:
        then = ast.parse(found)
    except (SyntaxError, ValueError):
        return {"its syntax"}
    return (bound(now) - bound(then)) & used(then)


def bound(tree: ast.AST) -> Set[str]:
    names: Set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update((one.asname or one.name).partition(".")[0] for one in node.names)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
    return names


def used(tree: ast.AST) -> Set[str]:
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
