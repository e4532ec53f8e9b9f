"""
django-split-settings: which files `include("components/*.py", optional("local.py"))` runs.

They are run one after the other, in the names of the module that includes them.
"""

import os
import re
from typing import Any, Callable, Dict, Iterator, NamedTuple

from . import syntax

TOOLS = "split_settings.tools"
ANY = "*"  # stands for what is computed


class Part(NamedTuple):
    """One argument: a pattern relative to the file, and whether its files are always run."""

    pattern: str
    sure: bool


class Calls:
    """`value_of` gives the node of a name's value so far, None where that is not plain."""

    def __init__(self, value_of: Callable[[str], Any]) -> None:
        self._value_of = value_of
        self._names: Dict[str, str] = {}  # what include and optional are called

    def learn(self, one: syntax.Import) -> None:
        """What an import brings of the package."""
        if one.module == TOOLS:
            self._names.update({alias: name for name, alias in one.names or []})

    def parts(self, node: Any) -> Iterator[Part]:
        """The arguments of a statement that is include(…), in their order; else none."""
        if self._called(node) == "include":
            for one in _arguments(node):
                yield from self._parts(one, True)

    def _called(self, node: Any) -> str:
        if node.type != "atom_expr" or syntax.code(node.children[-1])[:1] != "(":
            return ""
        return self._names.get("".join(map(syntax.code, node.children[:-1])), "")

    def _parts(self, node: Any, sure: bool, depth: int = 5) -> Iterator[Part]:
        if node.type == "argument":  # scope=globals(), *base_settings
            if node.children[0].type == "operator":
                yield from self._listed(node.children[1], sure, depth)
            return
        if self._called(node) == "optional":
            for one in _arguments(node):
                yield from self._parts(one, False, depth)
            return
        literal = syntax.value(node)
        if isinstance(literal, str):
            yield Part(literal, sure)
        elif node.type == "name" and depth and self._value_of(node.value) is not None:
            yield from self._parts(self._value_of(node.value), sure, depth - 1)
        else:
            yield Part(self._pattern(node), False)

    def _listed(self, node: Any, sure: bool, depth: int) -> Iterator[Part]:
        if node.type == "name" and depth and self._value_of(node.value) is not None:
            yield from self._listed(self._value_of(node.value), sure, depth - 1)
        elif node.type == "atom" and node.children[0].value in ("[", "("):
            for one in _items(node.children[1]):
                yield from self._parts(one, sure, depth)
        else:
            yield Part(ANY, False)

    def _pattern(self, node: Any) -> str:
        """A computed path, with stars for what is not known."""
        literal = syntax.value(node)
        if isinstance(literal, str):
            return literal
        if node.type == "fstring":
            return "".join(
                one.value if one.type == "fstring_string" else ANY for one in node.children[1:-1]
            )
        if node.type == "arith_expr":
            return "".join(map(self._pattern, node.children[::2]))
        if node.type == "term":  # "environments/%s.py" % name
            return re.sub(r"%(\(\w+\))?[sdr]", ANY, self._pattern(node.children[0]))
        if node.type == "atom_expr" and node.children[0].type == "string":  # "….py".format(name)
            return re.sub(r"\{[^}]*\}", ANY, self._pattern(node.children[0]))
        if node.type == "atom_expr" and syntax.code(node).startswith(("os.path.join(", "join(")):
            return os.path.join(*map(self._pattern, _arguments(node)))
        return ANY


def _arguments(node: Any) -> Iterator[Any]:
    return _items(node.children[-1].children[1])


def _items(inner: Any) -> Iterator[Any]:
    if inner.type in ("arglist", "testlist_comp"):
        for one in inner.children:
            if one.type != "operator":
                yield one
    elif inner.type != "operator":
        yield inner


def is_plain(pattern: str) -> bool:
    """Whether something is known of the files' names."""
    return bool(pattern.replace(ANY, "").strip("./"))
