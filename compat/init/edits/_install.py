"""The two lines that load the bridge before Django."""

import ast
from typing import Dict, List, Set

from .. import syntax
from ..errors import Unsafe
from ..site import OTHERS
from ..source import Source


def lines(bridge: str) -> List[str]:
    return ["import " + bridge, "", bridge + ".install()", ""]


def add(source: Source, bridge: str) -> None:
    """Have them put before the first import of what is not Python's own."""
    tree = source.tree
    called = modules_installed(source.data or b"")
    if bridge in called:
        return
    for other in sorted(OTHERS & called):
        raise Unsafe("it says %s.install(), but the bridge is named %s here" % (other, bridge))
    for node in tree.children:
        if any(not syntax.is_standard(one.module) or one.level for one in syntax.imports(node)):
            place = source.before(node)
            above = [] if source.blank_before(place) else [""]
            source.insert_lines(place, above + lines(bridge))
            return
    raise Unsafe("it imports nothing of Django's")


def modules_installed(data: bytes) -> Set[str]:
    """The modules whose install() a file calls."""
    names: Dict[str, str] = {}
    found: Set[str] = set()
    tree = ast.parse(data)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update({alias.asname or alias.name: alias.name for alias in node.names})
        elif isinstance(node, ast.ImportFrom) and not node.level:
            taken = [alias for alias in node.names if alias.name == "install"]
            names.update({alias.asname or alias.name: node.module or "" for alias in taken})
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute) and function.attr == "install":
                function = function.value
            if isinstance(function, ast.Name):
                found.add(names.get(function.id, ""))
    return found
