"""A repair that fails leaves what it found."""

import importlib

import pytest

from tests.compat.patching.declaring import declare


def test_what_another_put_there_meanwhile_is_left_when_a_repair_fails(library):
    name = library()
    patch = declare(name)

    @patch.when_imported(name)
    def repair(module):
        patch.replace(module, "answer", lambda: "repaired")
        module.answer = lambda: "another's"
        patch.expect(False, "no")

    patch.arm()
    assert importlib.import_module(name).answer() == "another's"
    assert patch.state()[0] == "refused"


def test_a_repair_that_imports_another_target_and_then_fails_is_undone_alone(library):
    outer, inner = library(source="def answer(): return 'stock'\nvalue = 1\n"), library()
    patch = declare(outer)

    @patch.when_imported(inner)
    def repair_inner(module):
        patch.replace(module, "answer", lambda: "repaired")

    @patch.when_imported(outer)
    def repair_outer(module):
        patch.replace(module, "answer", lambda: "repaired")
        assert importlib.import_module(inner).answer() == "repaired"
        patch.replace(module, "value", 2)
        patch.expect(False, "no")

    patch.arm()
    module = importlib.import_module(outer)
    assert (module.answer(), module.value) == ("stock", 1)
    assert importlib.import_module(inner).answer() == "repaired"
    assert patch.state() == ("refused", "%s: no" % outer)


def test_what_another_patch_has_added_is_in_the_way(library, caplog):
    """Else the second would be off, and nobody would know."""
    name = library()
    first, second = declare(name), declare(name)
    second.name = "tests.second"
    first.when_imported(name)(lambda module: first.add(module, "extra", 1))
    second.when_imported(name)(lambda module: second.add(module, "extra", 2))
    first.arm()
    second.arm()
    module = importlib.import_module(name)
    assert module.extra == 1 and first.state() == ("applied", "")
    reason = "%s: %s has extra already, from %s" % (name, name, first.name)
    assert second.state() == ("refused", reason)
    first._undo(first._changes.pop(name))
    second.add(module, "extra", 3)
    assert module.extra == 3


@pytest.mark.parametrize("kind", ["refuses", "has a bug", "misses an attribute"])
def test_a_repair_that_fails_is_undone_and_reported(library, caplog, kind):
    name = library()
    patch = declare(name)

    @patch.when_imported(name)
    def repair(module):
        patch.replace(module, "answer", lambda: "half")
        patch.replace(module, "answer", lambda: "twice")
        patch.add(module, "extra", 1)
        if kind == "refuses":
            patch.expect(False, "answer() is not what it was")
        elif kind == "has a bug":
            raise KeyError("oops")
        patch.replace(module, "missing", 1)

    patch.arm()
    module = importlib.import_module(name)  # the user's import succeeds all the same
    assert module.answer() == "stock" and not hasattr(module, "extra")
    state, reason = patch.state()
    expected = {
        "refuses": "%s: answer() is not what it was" % name,
        "has a bug": "%s: KeyError: 'oops'" % name,
        "misses an attribute": "%s: %s has no missing" % (name, name),
    }
    assert (state, reason) == ("refused", expected[kind])
    assert [record.getMessage() for record in caplog.records] == [
        "patch %s refused, %s" % (patch.name, reason)
    ]
