"""Imports go where docs/architecture.md says, and nowhere in a circle."""

import ast
import os
import re

import pytest

from tests.support import CHECKOUT

pytestmark = pytest.mark.source
PAGE = os.path.join("docs", "architecture.md")
PACKAGES = ("compat", "deploy", "deploy_conf", "devops")


def read_arrows(text):
    """{room: rooms it may import} of the page's one fenced block."""
    (block,) = re.findall(r"^```arrows\n(.*?)^```", text, re.M | re.S)
    arrows = {}
    for line in filter(None, map(str.strip, block.splitlines())):
        room, arrow, others = line.partition("->")
        assert arrow and room.strip() not in arrows, "not a line of arrows: " + line
        arrows[room.strip()] = {name.strip() for name in others.split(",") if name.strip()}
    return arrows


def find_modules(folder):
    """{dotted name: (path, whether it is a package)} of the packages in a folder."""
    modules = {}
    for package in PACKAGES:
        for parent, _, files in os.walk(os.path.join(folder, package)):
            for name in files:
                stem, kind = os.path.splitext(name)
                if kind not in (".py", ".pyi"):
                    continue
                path = os.path.join(parent, name)
                parts = os.path.relpath(path, folder)[: -len(kind)].split(os.sep)
                is_package = stem == "__init__"
                dotted = ".".join(parts[:-1] if is_package else parts)
                if kind == ".py" or dotted not in modules:
                    modules[dotted] = (path, is_package)
    return modules


def imports(name, modules):
    """(module, line) for each import of our own, those inside functions too."""
    path, is_package = modules[name]
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read(), path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = name.split(".")
                parents = parents[: len(parents) - node.level + is_package]
                base = ".".join(parents + [base] if base else parents)
            targets = [f"{base}.{alias.name}" for alias in node.names]
            targets = [target if target in modules else base for target in targets]
        else:
            continue
        for target in targets:
            if target in modules and target != name:
                yield target, node.lineno


def room_of(name, rooms):
    """The room a module is in: the longest one that names it; None when there is none."""
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        room = ".".join(parts[:size])
        # "compat" is its __init__ alone: whatever else is in there has a line of its own.
        if room in rooms and (room != "compat" or name == "compat"):
            return room
    return None


def circle(graph):
    """One circle in {node: nodes} as a list that ends where it begins; [] when there is none."""
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node) :] + [node]
        if node in done:
            return []
        path.append(node)
        for other in sorted(graph.get(node, ())):
            found = visit(other)
            if found:
                return found
        path.pop()
        done.add(node)
        return []

    for node in sorted(graph):
        found = visit(node)
        if found:
            return found
    return []


def complaints(folder):
    """What is wrong with the imports of a checkout, a line each."""
    with open(os.path.join(folder, PAGE), encoding="utf-8") as file:
        arrows = read_arrows(file.read())
    modules = find_modules(folder)
    found = []
    between_modules, between_rooms, used = {}, {}, set()
    for name in sorted(modules):
        room = room_of(name, arrows)
        if room is None:
            found.append(f"{name} is in no room of {PAGE}")
            continue
        used.add(room)
        for target, line in imports(name, modules):
            between_modules.setdefault(name, set()).add(target)
            other = room_of(target, arrows)
            if other is None or other == room:
                continue
            between_rooms.setdefault(room, set()).add(other)
            if other not in arrows[room]:
                path = os.path.relpath(modules[name][0], folder)
                found.append(f"{path}:{line}: {room} may not import {other} ({target})")
    for room in sorted(arrows):
        if room not in used:
            found.append(f"{PAGE} names a room that is not there: {room}")
        for other in sorted(arrows[room] - set(arrows)):
            found.append(f"{PAGE} allows {room} an arrow to {other}, which has no line")
    graphs = (between_rooms, "rooms"), (between_modules, "modules"), (arrows, "arrows")
    for graph, what in graphs:
        if circle(graph):
            found.append(f"a circle of {what}: " + " -> ".join(circle(graph)))
    return found


def test_every_import_follows_an_arrow_of_the_page():
    assert complaints(CHECKOUT) == []


@pytest.fixture
def checkout(tmp_path):
    """A small checkout with two rooms and one arrow; write(path, text) adds to it."""

    def write(path, text):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        return str(tmp_path)

    write(PAGE, "```arrows\ncompat ->\ncompat.low ->\ncompat.high -> compat.low\n```\n")
    write("compat/__init__.py", "")
    write("compat/low.py", "")
    write("compat/high/__init__.py", "from ..low import x\n")
    assert complaints(str(tmp_path)) == []
    return write


@pytest.mark.parametrize(
    "text",
    [
        "from .high import y\n",
        "from . import high\n",
        "import compat.high\n",
        "def f():\n    from compat.high import y\n",
        "class A:\n    async def f(self):\n        from . import high\n",
        "try:\n    from .high import y\nexcept ImportError:\n    y = None\n",
    ],
)
def test_an_import_against_the_arrows_is_named(checkout, text):
    found = complaints(checkout("compat/low.py", text))
    line = 1 + text[: text.index("import compat" if "import compat" in text else "from ")].count(
        "\n"
    )
    assert found[0] == (
        f"{os.path.join('compat', 'low.py')}:{line}: compat.low may not import compat.high "
        "(compat.high)"
    )
    assert "a circle of rooms: compat.high -> compat.low -> compat.high" in found


def test_a_module_without_a_room_is_named(checkout):
    assert complaints(checkout("compat/new.py", "")) == [
        f"compat.new is in no room of {PAGE}",
    ]


def test_a_circle_inside_a_room_is_named(checkout):
    checkout("compat/high/one.py", "from .two import x\n")
    folder = checkout("compat/high/two.py", "from . import one\n")
    assert complaints(folder) == [
        "a circle of modules: compat.high.one -> compat.high.two -> compat.high.one"
    ]
    # One that is closed later, by a function, is one all the same.
    checkout("compat/high/two.py", "def f():\n    from . import one\n")
    assert complaints(folder) == [
        "a circle of modules: compat.high.one -> compat.high.two -> compat.high.one"
    ]


def test_a_page_that_is_not_up_to_date_is_named(checkout):
    lines = "compat ->\ncompat.low -> compat.gone\ncompat.high -> compat.low\n"
    folder = checkout(PAGE, f"```arrows\n{lines}```")
    assert complaints(folder) == [
        f"{PAGE} allows compat.low an arrow to compat.gone, which has no line"
    ]
    checkout(PAGE, f"```arrows\n{lines.replace(' compat.gone', '')}gone ->\n```")
    assert complaints(folder) == [f"{PAGE} names a room that is not there: gone"]
