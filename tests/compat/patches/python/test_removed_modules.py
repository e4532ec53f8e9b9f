import os
import re
import sys

import pytest

from compat.patches.python._removed import BESIDE, PAGE, REMOVED, hint
from tests.support import CHECKOUT
from tests.support.probe import probe, source

NAME = "python.removed_modules"
HERE = "%d.%d" % sys.version_info[:2]


def number(version):
    return tuple(map(int, version.split(".")))


GONE = sorted(name for name, (since, _) in REMOVED.items() if number(since) <= number(HERE))
ABSENT = ["binhex", "formatter", "parser", "symbol"]  # no package brings them back


@source
def code():
    global importlib
    import importlib.util
    import sys
    import traceback

    for name in asked:  # noqa: F821
        try:
            __import__(name)
            print(name, "is there")
        except ImportError as error:
            lines = traceback.format_exception_only(type(error), error)
            print(name, error.name, type(error).__name__, "".join(lines).strip(), sep="|")
        print(importlib.util.find_spec(name), name in sys.modules)


def said(names, disable=""):
    """Name → what the error of its import looks like."""
    done = probe("asked = %r\n" % (names,) + code, disable=disable, patch=NAME)
    assert done.returncode == 0, done.error
    lines = done.said.splitlines()
    told = {line.split("|")[0]: "\n".join(lines[at : at + 2]) for at, line in enumerate(lines)}
    return told, done.states[NAME]


@pytest.mark.skipif(not set(GONE) & set(ABSENT), reason="this Python has them all")
def test_the_error_names_the_python_and_the_page():
    names = [name for name in ABSENT if name in GONE]
    patched, state = said(names)
    assert state == "applied"
    for name in names:
        assert hint(name) in patched[name] and PAGE in patched[name]
        # What except clauses and tools look at stays.
        begin = "%s|%s|ModuleNotFoundError|ModuleNotFoundError: No module named %r"
        assert patched[name].startswith(begin % (name, name, name))
    stock, state = said(names, disable=NAME)
    assert state == "disabled"
    assert not any(PAGE in text for text in stock.values())


@pytest.mark.skipif(number(HERE) < (3, 10), reason="nothing relevant was removed before 3.10")
def test_only_an_import_that_fails_is_told():
    code = """
import importlib.util, pkgutil, sys
print(importlib.util.find_spec("symbol"))
class Later:
    def find_spec(self, name, path=None, target=None):
        if name == "symbol":
            return importlib.util.spec_from_loader(name, self)
    def create_module(self, spec):
        pass
    def exec_module(self, module):
        module.mine = True
try:
    import symbol
except ImportError as error:
    print("gone")
sys.meta_path.append(Later())
import symbol
print(symbol.mine)
try:
    import no_such_module
except ImportError as error:
    print(error, getattr(error, "__notes__", []))
"""
    assert probe(code).said == "None\ngone\nTrue\nNo module named 'no_such_module' []"


def test_the_page_has_what_the_errors_say():
    with open(os.path.join(CHECKOUT, *PAGE.split("/"))) as file:
        text = file.read()
    rows = re.findall(r'^(\S+); python_version >= "(\S+)" +# (.+)$', text, re.M)
    listed = {name: (since, which) for which, since, names in rows for name in names.split(", ")}
    known = dict(REMOVED, **BESIDE)
    assert listed == {name: one for name, one in known.items() if one[1]}
    without = re.findall(r"^#   (.+) \(until (\S+)\)$", text, re.M)
    last = {name: until for names, until in without for name in names.split(", ")}
    for name, (since, package) in known.items():
        if not package:
            assert number(last.pop(name)) == (3, number(since)[1] - 1)
    assert last == {}


def test_every_module_that_is_gone_is_known():
    """What a Python of this series lacks of those that 3.6 had; another series shows the rest."""
    from importlib.machinery import PathFinder

    here = [name for name, (since, _) in REMOVED.items() if number(since) > number(HERE)]
    stdlib = os.path.dirname(os.__file__)
    lacking = [
        name
        for name in here
        if "." not in name
        and PathFinder.find_spec(name, [stdlib, os.path.join(stdlib, "lib-dynload")]) is None
        and name not in sys.builtin_module_names
    ]
    # Those of other systems, and what a distribution leaves out.
    assert set(lacking) <= {"msilib", "nis", "ossaudiodev", "distutils", "lib2to3", "spwd"}
