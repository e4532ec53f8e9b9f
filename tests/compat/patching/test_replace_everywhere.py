"""A function that other modules took by value is replaced there, too."""

import importlib
import sys
import types

from tests.compat.patching.declaring import declare, numbers


def test_what_is_replaced_everywhere_is_one_function_with_the_look_of_the_stock(library):
    name = library(source="def answer(question, more=0): return question\n")
    user = library(source="from %s import answer as taken\n" % name)
    module, other = importlib.import_module(name), importlib.import_module(user)
    patch = declare(name)

    @patch.when_imported(name)
    def repair(module):
        patch.replace_everywhere(module, "answer", lambda *args: args)

    patch.arm()
    assert other.taken is module.answer and other.taken(1) == (1, 0)
    assert other.taken.__code__.co_varnames == ("question", "more")


def test_what_others_took_by_value_is_replaced_too(library):
    name = library()
    module = importlib.import_module(name)
    early = types.ModuleType("early%d" % next(numbers))
    early.taken, early.own = module.answer, "its own"
    sys.modules[early.__name__] = early
    patch = declare(name)

    @patch.when_imported(name)
    def repair(module):
        patch.replace_everywhere(module, "answer", lambda: "repaired")
        patch.expect(not hasattr(module, "broken"), "broken")

    patch.arm()
    assert patch.state()[0] == "applied"
    assert module.answer() == early.taken() == "repaired" and early.own == "its own"
    module.broken = True
    importlib.reload(module)
    assert patch.state()[0] == "refused"
    assert module.answer() == early.taken() == "stock"
    del sys.modules[early.__name__]


def test_what_is_in_sys_modules_and_no_module_is_no_obstacle(library, monkeypatch):
    name = library()
    module = importlib.import_module(name)
    monkeypatch.setitem(sys.modules, "nothing%d" % next(numbers), None)
    lazy = types.SimpleNamespace(taken=module.answer)  # some put such a thing there
    monkeypatch.setitem(sys.modules, "lazy%d" % next(numbers), lazy)
    taker = types.ModuleType("taker%d" % next(numbers))
    taker.taken = stock = module.answer
    monkeypatch.setitem(sys.modules, taker.__name__, taker)
    patch, _ = repaired_everywhere(name)
    assert patch.state() == ("applied", "")
    assert module.answer is taker.taken is not stock and lazy.taken is stock


def repaired_everywhere(name):
    """Import a library with a patch of what it answers: (patch, module)."""
    patch = declare(name)
    patch.when_imported(name)(
        lambda module: patch.replace_everywhere(module, "answer", lambda: "repaired")
    )
    patch.arm()
    return patch, importlib.import_module(name)


def test_what_was_taken_during_the_import_is_replaced_too(library, tmp_path):
    name, other, older = library(), "taker%d" % next(numbers), library()
    (tmp_path / (other + ".py")).write_text("from %s import answer as taken" % name)
    with (tmp_path / (name + ".py")).open("a") as source:
        source.write("\nimport %s\n" % other)
    importlib.invalidate_caches()
    old = importlib.import_module(older)
    patch, module = repaired_everywhere(name)
    assert patch.state() == ("applied", "")
    assert module.answer() == sys.modules[other].taken() == "repaired"
    assert old.answer() == "stock"


def test_what_a_module_took_from_another_is_replaced_there_too(library, tmp_path):
    origin, name = library(), library()
    (tmp_path / (name + ".py")).write_text("from %s import answer\n" % origin)
    importlib.invalidate_caches()
    elder = importlib.import_module(origin)
    patch, module = repaired_everywhere(name)
    assert patch.state() == ("applied", "")
    assert module.answer() == elder.answer() == "repaired"
