"""
Which settings module a site runs with, by what its wsgi.py and asgi.py say.

manage.py may name another one (config.settings.local beside config.settings.production), so it
only shows where to look, and counts where there is neither.
"""

import ast
import os
from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from . import imported_files, options
from .errors import BadValue

VARIABLE = "DJANGO_SETTINGS_MODULE"


class Chosen(NamedTuple):
    """A settings module, who named it, and what an administrator should be told, if anything."""

    module: Optional[str]
    source: str
    remark: str = ""


class Statement(NamedTuple):
    """One place in a file that sets the variable; `value` is None when it is computed."""

    value: Optional[str]
    always: bool  # not inside an `if`, a loop or an `except`
    forced: bool  # whatever the environment says
    path: str = ""  # of the file, where it is one that wsgi.py or asgi.py imports


def choose(
    given: Optional[str],
    directory: str,
    wsgi: Optional[str] = None,
    asgi: Optional[str] = None,
) -> Chosen:
    """
    The option's, else the exported variable's, else wsgi.py's and asgi.py's, else manage.py's.

    `wsgi` and `asgi` are package.module:object where they are known. Raises BadValue where the
    files differ, compute it, or would not take the module that was chosen.
    """
    manage = _read(directory, "manage.py")
    files = _files(directory, manage, wsgi, asgi)
    statements = {path: _with_imported(directory, path) for path in files}
    exported = os.environ.get(VARIABLE)
    if given or exported:
        option, module = ("--settings", given) if given else (VARIABLE, exported or "")
        module = options.module(option, module)
        named = _named(statements, strict=False)
        for path, name in named.items():
            if name != module and any(one.forced for one in statements[path]):
                raise BadValue(
                    "%s: %s, but %s sets %s whatever the environment says"
                    % (option, module, path, name)
                )
        if given:
            return Chosen(module, "--settings")
        others = sorted({name for name in named.values() if name != module})
        source = "the exported variable %s" % VARIABLE
        if not others:
            return Chosen(module, source)
        said = "settings %s: %s wins over %s" % (module, source, _list(named))
        return Chosen(module, source, said)
    for path in files:
        problem = imported_files.problem(os.path.join(directory, path))
        if problem:
            raise BadValue("%s, %s" % (path, problem))
    named = _named(statements, strict=True)
    if len(set(named.values())) > 1:
        raise BadValue("%s differ: say which with --settings" % _list(named))
    if named:
        module, source = list(named.values())[0], " and ".join(named)
        mine = of_manage(directory)
        said = ""
        if mine and mine != module:
            said = "settings %s, as %s says (manage.py: %s)" % (module, source, mine)
            said = said.replace(" says", " say") if len(named) > 1 else said
        return Chosen(module, source, _imported_first(statements, module) or said)
    found = _named({"manage.py": manage}, strict=True)
    return Chosen(found.get("manage.py"), "manage.py")


def of_manage(directory: str) -> Optional[str]:
    """What manage.py names; None where it is computed, or there is none."""
    return _named({"manage.py": _read(directory, "manage.py")}, strict=False).get("manage.py")


def _with_imported(directory: str, path: str) -> List[Statement]:
    """The statements of a file, after those of the site's other files that it imports before."""
    own = _read(directory, path)
    others = [
        statement._replace(path=other)
        for other in imported_files.before(directory, path, VARIABLE)
        for statement in _read(directory, other)
    ]
    if own:
        # What is a default elsewhere is overruled here: the variable is rendered.
        others = [one for one in others if one.value is not None and one.always]
        return [one._replace(always=one.forced) for one in others] + own
    return others or ([Statement(None, True, False)] if _mentions(directory, path) else [])


def _mentions(directory: str, path: str) -> bool:
    """Whether a file has the variable's name in a form that is not understood here."""
    tree = imported_files.parse(os.path.join(directory, path))
    nodes = ast.walk(tree) if tree else []
    return any(imported_files.text_of(node) == VARIABLE for node in nodes)


def _imported_first(statements: Dict[str, List[Statement]], module: str) -> str:
    """What to say of an imported file that names another module before wsgi.py or asgi.py do."""
    for path, said in statements.items():
        for one in said:
            if one.path and one.value != module:
                text = "settings %s, as %s says (%s, which is imported before: %s)"
                return text % (module, path, one.path, one.value)
    return ""


def _files(
    directory: str, manage: List[Statement], wsgi: Optional[str], asgi: Optional[str]
) -> List[str]:
    """The paths of wsgi.py and asgi.py in the site's folder, those that are there."""
    found = []
    for kind, given in (("wsgi", wsgi), ("asgi", asgi)):
        if given:
            paths = [os.path.join(*given.partition(":")[0].split(".")) + ".py"]
        else:
            packages = sorted({package for one in manage for package in _packages(one.value)})
            packages.sort(key=len, reverse=True)
            paths = [os.path.join(*package.split("."), kind + ".py") for package in packages]
            paths += [kind + ".py"]
            if not manage:
                paths += [
                    os.path.join(name, kind + ".py") for name in sorted(os.listdir(directory))
                ]
        paths = [path for path in paths if os.path.isfile(os.path.join(directory, path))]
        found += paths[:1]
    return found


def _packages(module: Optional[str]) -> List[str]:
    """config.settings.local: config.settings and config."""
    words = (module or "").split(".")[:-1]
    return [".".join(words[:length]) for length in range(1, len(words) + 1)]


def _named(statements: Dict[str, List[Statement]], strict: bool) -> Dict[str, str]:
    """{file: module} of the files that name one; with `strict` BadValue for one that may vary."""
    found = {}
    for path, said in statements.items():
        chosen = [one for one in said if one.always][:1] or said
        forced = [one for one in said if one.always and one.forced]
        chosen = forced[-1:] or chosen  # setdefault keeps the first, an assignment the last
        values = {one.value for one in chosen}
        if len(values) == 1 and None not in values:
            found[path] = chosen[0].value or ""
        elif values and strict:
            what = "computes" if None in values else "chooses between several values of"
            raise BadValue("%s %s %s: say which with --settings" % (path, what, VARIABLE))
    return found


def _list(named: Dict[str, str]) -> str:
    return " and ".join("%s (%s)" % pair for pair in named.items())


def _read(directory: str, path: str) -> List[Statement]:
    """The statements of a file that set the variable; none when it cannot be read."""
    tree = imported_files.parse(os.path.join(directory, path))
    if tree is None:
        return []
    return list(_File(tree, path == "manage.py").statements(tree.body, True))


class _File:
    """A file, and what is known of its names so far; manage.py is run, the others are imported."""

    def __init__(self, tree: ast.Module, is_run: bool) -> None:
        self.is_run = is_run
        self.constants: Dict[str, str] = {}
        # A function that nobody calls sets nothing.
        self.used: Set[str] = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        self.used.update(n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute))

    def statements(self, body: List[ast.stmt], always: bool) -> Iterator[Statement]:
        constants = self.constants
        for node in body:
            for target, value in _assigned(node):
                text = _text(value, constants)
                if isinstance(target, ast.Name):
                    self.learn(target.id, text, always)
                elif isinstance(target, ast.Subscript) and _key(target, constants) == VARIABLE:
                    # `if VARIABLE not in os.environ: os.environ[VARIABLE] = …` forces nothing.
                    yield Statement(text, always, always)
            for call in _calls(node):
                for argument in _set_by(call, constants):
                    yield Statement(_text(argument, constants), always, _forces(call) and always)
            for name in ("body", "orelse", "handlers", "finalbody"):
                inner = getattr(node, name, None)
                if isinstance(inner, list) and self.can_run(node, name):
                    yield from self.statements(inner, always and self.runs(node, name))

    def learn(self, name: str, text: Optional[str], always: bool) -> None:
        """A name is bound; it is unknown from then on if that depends on something."""
        if text is not None and (always or self.constants.get(name) == text):
            self.constants[name] = text
        else:
            self.constants.pop(name, None)

    def can_run(self, node: ast.AST, name: str) -> bool:
        """Whether that part of a statement may be run at all."""
        if isinstance(node, ast.FunctionDef):
            return node.name in self.used
        return not _is_main(node) or (name == "body") == self.is_run

    def runs(self, node: ast.AST, name: str) -> bool:
        """Whether it is run whenever the file is (`main()` of a manage.py is)."""
        if isinstance(node, ast.Try):
            return name in ("body", "finalbody")
        return _is_main(node) or isinstance(node, (ast.FunctionDef, ast.With))


def _is_main(node: ast.AST) -> bool:
    """Whether it is `if __name__ == "__main__":`."""
    if not isinstance(node, ast.If):
        return False
    return {one.id for one in ast.walk(node.test) if isinstance(one, ast.Name)} == {"__name__"}


def _assigned(node: ast.stmt) -> Iterator[Tuple[ast.expr, ast.AST]]:
    """(target, value) of an assignment, of each where there are several; `+=` has no value here."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Tuple):
                values = node.value.elts if isinstance(node.value, ast.Tuple) else []
                several = len(values) == len(target.elts)
                yield from zip(target.elts, values if several else [node] * len(target.elts))
            else:
                yield target, node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.AugAssign):
        yield node.target, node


def _calls(node: ast.stmt) -> Iterator[ast.Call]:
    """The calls in a statement itself, not in the statements inside it."""
    if isinstance(node, (ast.Expr, ast.Assign, ast.Return)):
        for one in ast.walk(node):
            if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute):
                yield one


def _set_by(call: ast.Call, constants: Dict[str, str]) -> Iterator[ast.expr]:
    """What a call of setdefault, update or putenv sets the variable to."""
    name = getattr(call.func, "attr", "")
    if name in ("setdefault", "putenv") and len(call.args) == 2:
        if _text(call.args[0], constants) == VARIABLE:
            yield call.args[1]
    elif name == "update":
        for keyword in call.keywords:
            if keyword.arg == VARIABLE:
                yield keyword.value
        for argument in call.args:
            if isinstance(argument, ast.Dict):
                for key, value in zip(argument.keys, argument.values):
                    if key is not None and _text(key, constants) == VARIABLE:
                        yield value


def _forces(call: ast.Call) -> bool:
    return getattr(call.func, "attr", "") != "setdefault"


def _key(target: ast.Subscript, constants: Dict[str, str]) -> Optional[str]:
    key = target.slice
    if type(key).__name__ == "Index":  # Python 3.8 and before
        key = key.value  # type: ignore[attr-defined]
    return _text(key, constants)


def _text(node: ast.AST, constants: Dict[str, str]) -> Optional[str]:
    """The string that an expression is; None for one that must be computed."""
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    try:
        value = ast.literal_eval(node)
    except (ValueError, SyntaxError, TypeError):
        return None
    return value if isinstance(value, str) else None
