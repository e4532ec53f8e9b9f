"""What is asked of parso's nodes."""

import ast
import sys
import sysconfig
from importlib.machinery import PathFinder
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Tuple

COMPOUND = ("if_stmt", "try_stmt", "for_stmt", "while_stmt", "with_stmt", "async_stmt")


class Import(NamedTuple):
    """`from {level dots}{module} import {names}`; names is None for `import module`, [] for *."""

    module: str
    level: int
    names: Optional[List[Tuple[str, str]]]  # (name, as)


def code(node: Any) -> str:
    return str(node.get_code(include_prefix=False))


def walk(node: Any) -> Iterator[Any]:
    """The node and all below it."""
    yield node
    for child in getattr(node, "children", ()):
        yield from walk(child)


def names(node: Any) -> List[str]:
    """The names that are in some code, attributes included."""
    return [one.value for one in walk(node) if one.type == "name"]


def strings(node: Any) -> List[str]:
    """The texts of the plain string literals in some code."""
    found = (value(one) for one in walk(node) if one.type == "string")
    return [one for one in found if isinstance(one, str)]


def value(node: Any) -> Any:
    """What a literal is; None for what must be computed."""
    try:
        return ast.literal_eval("(%s\n)" % code(node))
    except (ValueError, SyntaxError, TypeError):
        return None


def imports(node: Any) -> Iterator[Import]:
    """The imports in some code, inside functions, too."""
    for one in walk(node):
        if one.type == "import_name":
            for path in one.get_paths():
                yield Import(".".join(name.value for name in path), 0, None)
        elif one.type == "import_from":
            module = ".".join(name.value for name in one.get_from_names())
            found: List[Tuple[str, str]] = []
            if not one.is_star_import():
                aliases = [name.value for name in one.get_defined_names()]
                found = [(path[-1].value, alias) for path, alias in zip(one.get_paths(), aliases)]
            yield Import(module, one.level, found)


def is_standard(module: str) -> bool:
    """Whether a module comes with Python."""
    top = module.partition(".")[0]
    known = getattr(sys, "stdlib_module_names", None)  # 3.10
    if known is not None:
        return top in known
    paths = {sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib")}
    paths |= {path + "/lib-dynload" for path in paths}
    return top in sys.builtin_module_names or PathFinder.find_spec(top, sorted(paths)) is not None


def assignment(node: Any) -> Tuple[List[Any], str, Any]:
    """(targets, operator, value) of an assignment; operator is "" where it is none."""
    if node.type != "expr_stmt":
        return [], "", None
    children = node.children
    if children[1].type == "annassign":
        inner = children[1].children
        return ([children[0]], "=", inner[3]) if len(inner) > 3 else ([], "", None)
    return list(children[0:-1:2]), children[1].value, children[-1]


def statements(body: Any) -> Iterator[Any]:
    """The statements of a module or a suite; those on one line one by one."""
    for node in body.children:
        if node.type == "simple_stmt":
            for one in node.children:
                if one.type not in ("operator", "newline"):
                    yield one
        elif node.type not in ("newline", "endmarker", "operator", "keyword"):
            yield node


def top_of(node: Any) -> Any:
    """The statement of the module that a node is in."""
    while node.parent is not None and node.parent.type != "file_input":
        node = node.parent
    return node


def surely(node: Any, test: Callable[[Any], Any]) -> bool:
    """Whether every way through a statement runs one that passes the test, or ends in an error."""
    parts = list(_parts(node))
    if not parts:
        return node.type == "raise_stmt" or bool(test(node))
    found = {word: True for word, _ in parts}
    for word, part in parts:
        found[word] &= any(surely(one, test) for one in statements(part))
    if node.type == "if_stmt":
        return "else" in found and all(found.values())
    if node.type == "try_stmt":
        whole = found["try"] or found.get("else", False)
        return found.get("finally", False) or whole and found.get("except", True)
    return node.type == "with_stmt" and all(found.values())


def _parts(node: Any) -> Iterator[Tuple[str, Any]]:
    """(word, what is below it) of a compound statement that a module has."""
    word = ""
    for one in node.children if node.type in COMPOUND else ():
        if one.type in ("keyword", "except_clause"):
            word = one.get_first_leaf().value
        elif one.type in ("suite", "simple_stmt"):
            yield word, one
