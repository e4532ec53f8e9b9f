"""Hooks after imports: when they run, and that no import is worse off for them."""

import importlib
import importlib.util
import inspect
import itertools
import subprocess
import sys
import threading
import types

import pytest

from compat.patching import import_hooks as imports
from tests.support import CHECKOUT

numbers = itertools.count()


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Writes a module of that source; returns its name."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(source="", name=None):
        name = name or "watched%d" % next(numbers)
        (tmp_path / (name + ".py")).write_text(source)
        importlib.invalidate_caches()
        return name

    return make


@pytest.fixture
def calls():
    return []


def test_a_module_is_left_as_the_import_system_made_it(make, calls):
    name = make("'''Text.'''\nvalue = 1\n")
    imports.when_imported(name, calls.append)
    spec = importlib.util.find_spec(name)
    loader = spec.loader
    assert isinstance(loader, importlib.machinery.SourceFileLoader)
    assert loader.get_source(name).startswith("'''Text")
    module = importlib.import_module(name)
    assert calls == [module] and module.value == 1
    assert type(module.__loader__) is importlib.machinery.SourceFileLoader
    assert type(module.__spec__.loader) is importlib.machinery.SourceFileLoader
    assert inspect.getsource(module).startswith("'''Text")


def test_a_hook_that_raises_fails_no_import(make, calls, caplog):
    name = make()

    def broken(module):
        raise KeyError("oops")

    imports.when_imported(name, broken)
    imports.when_imported(name, calls.append)
    assert calls == [importlib.import_module(name)]
    assert [record.getMessage() for record in caplog.records] == [
        "after the import of %s: KeyError: 'oops'" % name
    ]


def test_an_import_that_fails_calls_nothing_and_says_its_own_error(make, calls):
    name = make("import no_such_module_at_all\n")
    imports.when_imported(name, calls.append)
    with pytest.raises(ImportError, match="no_such_module_at_all"):
        importlib.import_module(name)
    assert calls == [] and name not in sys.modules
    imports.when_imported("no_such_module_at_all", calls.append)
    with pytest.raises(ImportError, match="no_such_module_at_all"):
        importlib.import_module("no_such_module_at_all")


def test_a_module_that_was_made_by_hand_is_there_already(calls, monkeypatch):
    """It has no spec that could say that it is being imported."""
    module = types.ModuleType("made%d" % next(numbers))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    imports.when_imported(module.__name__, calls.append)
    assert calls == [module]
    module.__spec__ = object()
    imports.when_imported(module.__name__, calls.append)
    assert calls == [module, module]


def test_a_hook_may_watch_its_own_module(make, calls):
    name = make()
    imports.when_imported(name, lambda module: imports.when_imported(name, calls.append))
    assert calls == [] and [importlib.import_module(name)] == calls


def test_a_module_that_another_thread_is_importing_is_waited_for(make, calls):
    gate = types.ModuleType("gate%d" % next(numbers))
    gate.entered, gate.go = threading.Event(), threading.Event()
    sys.modules[gate.__name__] = gate
    name = make("import {0}\n{0}.entered.set()\n{0}.go.wait(10)\nvalue = 1\n".format(gate.__name__))
    importing = threading.Thread(target=importlib.import_module, args=(name,))
    importing.start()
    gate.entered.wait(10)
    seen = lambda module: calls.append(hasattr(module, "value"))  # noqa: E731
    watching = threading.Thread(target=imports.when_imported, args=(name, seen))
    watching.start()
    watching.join(0.2)
    assert calls == []
    gate.go.set()
    watching.join(10)
    importing.join(10)
    assert calls == [True]


def test_a_module_whose_import_fails_in_another_thread_is_told_there(make, calls):
    gate = types.ModuleType("gate%d" % next(numbers))
    gate.entered, gate.go = threading.Event(), threading.Event()
    sys.modules[gate.__name__] = gate
    name = make("import {0}\n{0}.entered.set()\n{0}.go.wait(10)\n1 / 0\n".format(gate.__name__))
    told, watched = [], []

    def load():
        with pytest.raises(ZeroDivisionError) as caught:
            importlib.import_module(name)
        told.append(caught.type)

    def watch():
        imports.when_imported(name, calls.append)
        watched.append(name)

    threads = [threading.Thread(target=load), threading.Thread(target=watch)]
    threads[0].start()
    assert gate.entered.wait(10)
    threads[1].start()
    while not any(hook.function == calls.append for hook in imports._watched.get(name, ())):
        pass
    gate.go.set()
    for thread in threads:
        thread.join(10)
    assert (told, watched, calls) == ([ZeroDivisionError], [name], [])


def test_submodules_are_looked_at_while_their_watched_package_is_imported(make, calls):
    """At any other time an import of one costs nothing."""
    watched, other = make(), make()
    imports.when_imported(watched, lambda module: calls.extend(may_be_watched()))

    def may_be_watched():
        return [imports.may_be_watched(name + ".inner") for name in (watched, other)]

    assert may_be_watched() == [False, False]
    importlib.import_module(watched)
    module = importlib.import_module(other)
    module.__spec__._initializing = True
    assert may_be_watched() == [False, False]
    assert calls == [True, False]


def test_only_what_was_loaded_meanwhile_may_hold_something_of_a_new_module(make):
    elder = importlib.import_module(make())
    younger = make()
    name = make("import %s\n" % younger)
    found = []

    def hook(module):
        found.extend([imports.holders(module), imports.holders(elder)])

    imports.when_imported(name, hook)
    module = importlib.import_module(name)
    of_module, of_elder = found
    assert of_module[:2] == [module, sys.modules[younger]] and elder not in of_module
    # Of one that is complete, anybody may.
    assert sys in of_elder and elder in of_elder and module in of_elder
    assert sys in imports.holders(module)


def test_a_submodule_that_another_thread_imports_before_it_is_watched(make, calls, tmp_path):
    """As patches do: the package's hook watches it, just after it was looked for."""
    package = tmp_path / ("watched%d" % next(numbers))
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text("value = 1\n")
    importlib.invalidate_caches()
    inner = package.name + ".inner"
    hooked, looked, watched = [threading.Event() for _ in range(3)]

    class Slow:
        """Finds what the others do, at leisure."""

        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == inner and not looked.is_set():
                looked.set()
                watched.wait(10)

    def hook(module):
        hooked.set()
        looked.wait(10)
        imports.when_imported(inner, lambda module: calls.append(module.value))
        watched.set()

    def other():
        hooked.wait(10)
        # Before Python 3.8 an import statement does not wait for the package.
        importlib._bootstrap._find_and_load_unlocked(inner, importlib.import_module)

    imports.when_imported(package.name, hook)
    sys.meta_path.insert(sys.meta_path.index(imports.Finder.instance) + 1, Slow)
    thread = threading.Thread(target=other)
    thread.start()
    try:
        importlib.import_module(package.name)
        thread.join(10)
    finally:
        sys.meta_path.remove(Slow)
    assert calls == [1]


def test_a_circular_import_is_taken_up_when_it_has_ended(make, calls):
    name = "watched%d" % next(numbers)
    inner = make("from tests.compat.patching.test_import_hooks import begin\nbegin(%r)\n" % name)
    begin.calls = calls
    make("import %s\nvalue = 1\n" % inner, name)
    importlib.import_module(name)
    assert calls == []
    imports.settle()  # install() does it, and so does the end of a watched import
    assert calls == [True]


def begin(name):
    imports.when_imported(name, lambda module: begin.calls.append(hasattr(module, "value")))


def test_two_finders_like_ours_do_not_call_each_other_for_ever(make, calls):
    source = importlib.util.find_spec("compat.patching.import_hooks")
    other = importlib.util.module_from_spec(source)
    source.loader.exec_module(other)
    name = make()
    other.when_imported(name, calls.append)
    imports.when_imported(name, calls.append)
    try:
        module = importlib.import_module(name)
    finally:
        sys.meta_path.remove(other.Finder.instance)
    assert calls == [module, module]


HEAVY = {"re", "inspect", "threading", "logging", "asyncio", "pkgutil", "functools", "wrapt"}


def test_a_process_that_needs_no_repair_pays_next_to_nothing():
    code = (
        "import sys; sys.path[:0] = [%r]; import compat; compat.install();"
        "print(*sorted(sys.modules))" % CHECKOUT
    )
    command = [sys.executable, "-S", "-E", "-c", code]
    modules = set(subprocess.check_output(command, universal_newlines=True).split())
    assert modules & HEAVY == set()
    assert not [name for name in modules if name.startswith("compat.patches.channels.")]


def test_a_module_that_puts_another_in_its_place(make, calls):
    source = (
        "import sys, types\nother = types.ModuleType(__name__)\nsys.modules[__name__] = other\n"
    )
    name = make(source)
    imports.when_imported(name, calls.append)
    module = importlib.import_module(name)
    assert calls == [sys.modules[name]] == [module]


def test_a_hook_for_a_module_that_another_thread_imports_runs_once(make, calls):
    name = make("import builtins\nbuiltins.began.set()\nbuiltins.go_on.wait(30)\n")
    import builtins

    builtins.began, builtins.go_on = threading.Event(), threading.Event()
    try:
        imports.when_imported(name, lambda module: None)  # so that it is watched from the start
        importing = threading.Thread(target=importlib.import_module, args=[name])
        importing.start()
        assert builtins.began.wait(30)
        watching = threading.Thread(target=imports.when_imported, args=[name, calls.append])
        watching.start()
        while not any(hook.function == calls.append for hook in imports._watched[name]):
            pass
        builtins.go_on.set()
        importing.join()
        watching.join()
    finally:
        del builtins.began, builtins.go_on
    imports.settle()
    assert calls == [sys.modules[name]]


def test_what_waits_for_a_circular_import_is_called_after_the_next_one(make, calls):
    import builtins

    later = make()
    name = make("import builtins\nbuiltins.watch(__name__)\n")
    builtins.watch = lambda name: imports.when_imported(name, calls.append)
    try:
        imports.when_imported(later, lambda module: None)
        module = importlib.import_module(name)
        assert calls == []  # nobody was told of its end
        importlib.import_module(later)
    finally:
        del builtins.watch
    assert calls == [module]


def test_what_is_to_come_before_a_module_finds_it_empty_and_is_told_of_its_end(make, calls):
    name = make("value = given + 1\n")

    def prepare(module):
        calls.append(hasattr(module, "value"))
        module.given = 6
        return lambda: calls.append(module.value)

    imports.before_execution(name, prepare)
    imports.when_imported(name, lambda module: calls.append("imported"))
    importlib.import_module(name)
    assert calls == [False, 7, "imported"]
    imports.before_execution(name, calls.append)  # too late for this one
    assert calls[3:] == []


def test_the_end_is_told_when_the_module_fails(make, calls):
    name = make("raise KeyError('its own')\n")
    imports.before_execution(name, lambda module: lambda: calls.append("end"))
    with pytest.raises(KeyError, match="its own"):
        importlib.import_module(name)
    assert calls == ["end"]


def test_what_comes_before_fails_no_import(make, calls, caplog):
    name = make("value = 1\n")

    def broken(*_):
        raise ValueError("oops")

    imports.before_execution(name, broken)
    imports.before_execution(name, lambda module: broken)
    imports.before_execution(name, lambda module: lambda: calls.append("end"))
    assert importlib.import_module(name).value == 1 and calls == ["end"]
    assert [record.getMessage() for record in caplog.records] == [
        "before the import of %s: ValueError: oops" % name,
        "after the import of %s: ValueError: oops" % name,
    ]
