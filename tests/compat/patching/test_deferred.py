"""A patch whose module is read when it is needed."""

import importlib
import sys
import types

from compat.patching.deferred import Deferred
from tests.compat.patching.declaring import declare


def deferred(patch, *targets, gate=""):
    """What stands in for the patch; its module was read, but `import` finds it all the same."""
    sys.modules[patch.module].patch = patch
    parts = patch.module.split(".")
    for size in range(1, len(parts)):
        name = ".".join(parts[:size])
        sys.modules.setdefault(name, types.ModuleType(name)).__path__ = []
    found = Deferred(patch.module, gate, list(targets))
    found.arm()
    return found


def test_it_runs_when_its_target_is_imported_and_once(library):
    name, runs = library(), []
    patch = declare(name)
    patch.when_imported(name)(runs.append)
    deferred(patch, name)
    assert not patch.armed and not runs
    module = importlib.import_module(name)
    assert runs == [module] and patch.state() == ("applied", "")
    patch.arm()
    assert runs == [module]


def test_it_runs_again_when_the_target_is_executed_again(library):
    name = library()
    patch = declare(name)
    patch.when_imported(name)(lambda module: patch.replace(module, "answer", lambda: "repaired"))
    deferred(patch, name)
    module = importlib.import_module(name)
    first = module.answer
    importlib.reload(module)
    assert module.answer() == "repaired" and module.answer is not first


def test_what_another_index_did_not_know_is_waited_for_as_well(library):
    known, other, runs = library(), library(), []
    patch = declare(known)
    patch.when_imported(known)(lambda module: runs.append(module.__name__))
    patch.when_imported(other)(lambda module: runs.append(module.__name__))
    deferred(patch, known)
    importlib.import_module(known)
    importlib.import_module(other)
    assert runs == [known, other]


def test_a_python_that_does_not_need_it_does_not_read_it(library):
    name, runs = library(), []
    patch = declare(name)
    patch.when_imported(name)(runs.append)
    assert not deferred(patch, name, gate="<3").armed
    importlib.import_module(name)
    assert not runs


def test_what_was_left_out_stays_so_until_somebody_arms_it(library, monkeypatch):
    name, runs = library(), []
    patch = declare(name)
    patch.when_imported(name)(runs.append)
    monkeypatch.setenv("COMPAT_DISABLE", patch.name)
    stand_in = deferred(patch, name)
    monkeypatch.delenv("COMPAT_DISABLE")
    importlib.import_module(name)
    stand_in.settle(patch)
    assert patch.state()[0] == "disabled" and not runs
    patch.left_out = False
    stand_in.settle(patch)
    assert not runs
    patch.arm()
    assert len(runs) == 1
