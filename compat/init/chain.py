"""A settings module and those it takes its names from: who says what, in the order of running."""

import os
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Set

from . import included, syntax
from .source import Source

BINDS, ADDS, CHANGES = "binds", "adds", "changes"


class Step(NamedTuple):
    """One statement; `top` is the module's statement that it is in."""

    source: Source
    node: Any
    top: Any
    reached: bool  # whether its file is always run
    always: bool  # whether it is, itself
    only: Optional[Set[str]]  # the names that are taken from its file; None for all

    @property
    def line(self) -> int:
        return int(self.node.start_pos[0])

    def __str__(self) -> str:
        return "%s:%d" % (self.source.path, self.line)


class Chain:
    """
    `find` gives the Source of a dotted name, None for one that is not the site's; `matching`
    gives those of a pattern of paths.
    """

    def __init__(
        self,
        module: str,
        find: Callable[[str], Optional[Source]],
        matching: Callable[[str], List[Source]] = lambda pattern: [],
    ) -> None:
        self.module, self._find, self._matching = module, find, matching
        self.source = find(module)
        self.unread: List[str] = []  # what is not the site's, or not found
        self.steps: List[Step] = []
        self._calls = included.Calls(self._value_so_far)
        if self.source is not None:
            for step in self._of(module, self.source, True, None, {module}):
                self.steps.append(step)

    def sources(self) -> List[Source]:
        """The files that are run whatever the conditions, in the order of their first statement."""
        found: List[Source] = []
        for step in self.steps:
            if step.always and step.only is None and step.source not in found:
                found.append(step.source)
        return found or [one for one in [self.source] if one]

    def _of(
        self, module: str, source: Source, always: bool, only: Optional[Set[str]], seen: Set[str]
    ) -> Iterator[Step]:
        if source.broken:
            self.unread.append(module)
        else:
            for node, sure in _flat(source.tree, always):
                step = Step(source, node, syntax.top_of(node), always, sure, only)
                if node.type == "import_from":
                    for one in syntax.imports(node):
                        self._calls.learn(one)
                        yield from self._imported(module, source, one, step, seen)
                for part in self._calls.parts(node):
                    yield from self._included(module, part, step, seen)
                yield step

    def _imported(
        self, module: str, source: Source, one: syntax.Import, step: Step, seen: Set[str]
    ) -> Iterator[Step]:
        name = self.absolute(module, source, one)
        other = self._find(name)
        taken = {alias for _, alias in one.names or []} or None
        if step.only is not None:
            taken = step.only if taken is None else taken & step.only
        if other is None:
            if taken is None:
                self.unread.append(name)
        elif name not in seen:
            yield from self._of(name, other, step.always, taken, seen | {name})

    def _included(
        self, module: str, part: included.Part, step: Step, seen: Set[str]
    ) -> Iterator[Step]:
        path = os.path.join(os.path.dirname(step.source.path), part.pattern)
        others = self._matching(path) if included.is_plain(part.pattern) else []
        if not others and (part.sure or included.ANY in part.pattern):
            self.unread.append("%s (line %d)" % (step.source.path, step.line))
        for other in others:
            if other.path not in seen and other is not step.source:
                always = step.always and part.sure
                yield from self._of(module, other, always, step.only, seen | {other.path})

    def _value_so_far(self, name: str) -> Any:
        base = self.base(name)
        return value_of(base.node) if base and len(self.about(name)) == 1 else None

    @staticmethod
    def absolute(module: str, source: Source, one: syntax.Import) -> str:
        """The dotted name that a relative import means."""
        if not one.level:
            return one.module
        package = module.split(".")
        if not source.path.endswith("__init__.py"):
            package.pop()
        package = package[: len(package) + 1 - one.level]
        return ".".join(package + ([one.module] if one.module else []))

    def about(self, name: str) -> List[Step]:
        """The steps that give a name its value, or change it."""
        return [one for one in self.steps if self._takes(one, name) and what(one.node, name)]

    @staticmethod
    def _takes(step: Step, name: str) -> bool:
        return step.only is None or name in step.only

    def base(self, name: str) -> Optional[Step]:
        """The last step, outside of conditions, that gives a name a value of its own."""
        found = [one for one in self.about(name) if one.always and what(one.node, name) == BINDS]
        return found[-1] if found else None

    def is_settled(self, name: str) -> bool:
        """Whether a name has a value of its own, whatever the conditions are."""
        return self.base(name) is not None or any(
            syntax.surely(one.top, lambda node: what(node, name) == BINDS)
            for one in self.about(name)
            if one.reached
        )

    def has(self, name: str, fits: Callable[[str], bool], seen: Optional[Set[str]] = None) -> bool:
        """Whether a text that fits is in a name's value whatever the conditions are."""
        seen = {name} if seen is None else seen

        def adds(node: Any) -> bool:
            if not what(node, name):
                return False
            others = [other for other in syntax.names(node) if other not in seen]
            return any(map(fits, syntax.strings(node))) or any(
                self.has(other, fits, seen | {other}) for other in others
            )

        about = [one for one in self.steps if what(one.node, name)]
        return any(adds(one.node) for one in about if one.always) or any(
            syntax.surely(one.top, adds) for one in about if one.reached
        )

    def literal(self, name: str) -> Any:
        """The value of a name that is only ever said once, as a literal; else None."""
        about = self.about(name)
        return syntax.value(value_of(about[0].node)) if len(about) == 1 else None

    def texts(self, name: str, seen: Optional[Set[str]] = None) -> Set[str]:
        """The string literals that a name's value is made of, by way of other names as well."""
        seen = {name} if seen is None else seen
        found: Set[str] = set()
        for step in self.steps:
            if what(step.node, name):
                found.update(syntax.strings(step.node))
                for other in syntax.names(step.node):
                    if other not in seen:
                        seen.add(other)
                        found |= self.texts(other, seen)
        return found

    def kind(self, node: Any, depth: int = 5) -> str:
        """`list` or `tuple` where that is plain, "" where it has to be computed."""
        if node is None:
            return ""
        if node.type == "testlist_star_expr":
            return "tuple"
        if node.type == "atom":
            inner = node.children[1]
            if node.children[0].value == "[":
                return "list"
            if node.children[0].value == "(":
                if inner.type == "operator" or _has_comma(inner):
                    return "tuple"
                return self.kind(inner, depth)
        if node.type == "arith_expr" and all(x.value == "+" for x in node.children[1::2]):
            kinds = {self.kind(one, depth) for one in node.children[::2]}
            return kinds.pop() if len(kinds) == 1 else ""
        if node.type == "atom_expr" and node.children[0].type == "name":
            first = node.children[0].value
            return first if first in ("list", "tuple") and len(node.children) == 2 else ""
        if node.type == "name" and depth:
            base = self.base(node.value)
            return self.kind(value_of(base.node), depth - 1) if base else ""
        return ""


def _has_comma(node: Any) -> bool:
    return node.type == "testlist_comp" and any(
        one.type == "operator" and one.value == "," for one in node.children
    )


def _flat(body: Any, always: bool) -> Iterator[Any]:
    """(statement, whether it is always run) of a module, without functions and classes."""
    for node in syntax.statements(body):
        if node.type == "async_stmt":
            continue
        if node.type not in syntax.COMPOUND:
            yield node, always
            continue
        sure = always and node.type == "with_stmt"
        for part in node.children:
            if part.type == "suite":
                for one in _flat(part, sure):
                    yield one
            elif part.type == "simple_stmt":
                for one in syntax.statements(part):
                    yield one, sure


def value_of(node: Any) -> Any:
    return syntax.assignment(node)[2]


def what(node: Any, name: str) -> str:
    """What a statement does to a name; "" for nothing."""
    targets, sign, value = syntax.assignment(node)
    for target in targets:
        if target.type == "name" and target.value == name:
            if sign != "=" or name in syntax.names(value):
                return ADDS
            return BINDS
        if name in syntax.names(target):
            return CHANGES
    if node.type == "import_from":
        return ""  # its file is read instead
    if node.type == "funcdef" and node.name.value == name:
        return BINDS
    if node.type == "del_stmt" and name in syntax.names(node):
        return CHANGES
    if node.type == "atom_expr":  # INSTALLED_APPS.append("…")
        first = node.children[0]
        if first.type == "name" and first.value == name and len(node.children) > 2:
            return CHANGES
    return ""
