"""The files of a site that are run before one of them is: its packages', and what they import."""

import ast
import os
from typing import Iterator, List, Optional, Set

MOST = 50  # files that are looked into


def parse(path: str) -> Optional[ast.Module]:
    """What a file says; None when it cannot be read."""
    try:
        return _parse(path)
    except (OSError, SyntaxError, ValueError):
        return None


def problem(path: str) -> str:
    """Why a file is no Python, "" when it is."""
    try:
        _parse(path)
    except SyntaxError as error:
        return "line %s: SyntaxError: %s" % (error.lineno, error.msg)
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def _parse(path: str) -> ast.Module:
    with open(path, "rb") as file:
        return ast.parse(file.read(), path)


def before(directory: str, path: str, until: str) -> List[str]:
    """
    The paths in the order in which they are run, without the one that is given.

    What that one imports after the first statement with the text `until` comes too late to count.
    """
    found: List[str] = []
    _follow(directory, path, until, {path}, found)
    return found


def _follow(directory: str, path: str, until: str, seen: Set[str], found: List[str]) -> None:
    package = os.path.splitext(path)[0].split(os.sep)
    package = package[:-1]
    names = [".".join(package[:length]) for length in range(1, len(package) + 1)]
    tree = parse(os.path.join(directory, path))
    for name in names + (list(_imports(tree, package, until)) if tree else []):
        for other in _files(name):
            if other in seen or len(seen) > MOST:
                continue
            if os.path.isfile(os.path.join(directory, other)):
                seen.add(other)
                _follow(directory, other, "", seen, found)
                found.append(other)


def _files(name: str) -> Iterator[str]:
    """What a.b may be, and is in: a.py, a/__init__.py, a/b.py and a/b/__init__.py."""
    words = name.split(".")
    for length in range(1, len(words) + 1):
        yield os.path.join(*words[:length]) + ".py"
        yield os.path.join(*words[:length], "__init__.py")


def _imports(tree: ast.Module, package: List[str], until: str) -> Iterator[str]:
    """The dotted names of what may be modules, of a file's imports outside functions and `if`."""
    for node in _statements(tree.body):
        if until and any(text_of(one) == until for one in ast.walk(node)):
            return
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            words = base + (node.module.split(".") if node.module else [])
            for alias in node.names:
                yield ".".join(words + [alias.name])


def _statements(body: List[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, (ast.Try, ast.With)):
            yield from _statements(node.body)
        else:
            yield node


def text_of(node: ast.AST) -> Optional[str]:
    """The text that a literal, or the name of an argument, is."""
    if isinstance(node, ast.keyword):
        return node.arg
    value = getattr(node, "value", None) if type(node).__name__ == "Constant" else None
    value = getattr(node, "s", None) if type(node).__name__ == "Str" else value  # before 3.8
    return value if isinstance(value, str) else None
