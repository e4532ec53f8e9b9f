"""The mechanism: which patches apply, when they run, and what they leave behind."""

import importlib
import itertools
import json
import sys
import threading
import types

import pytest

from compat.patching import versions
from compat.patching.patch import NotNeeded, Patch
from compat.patching.versions import installed_version, matches
from tests.support.probe import probe, source

numbers = itertools.count()


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A function that installs a library of one module; returns its import name."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(version="1.5", source="value = 1\ndef answer(): return 'stock'\n"):
        name = "library%d" % next(numbers)
        (tmp_path / (name + ".py")).write_text(source)
        metadata = tmp_path / ("%s-%s.dist-info" % (name, version))
        metadata.mkdir()
        importlib.invalidate_caches()
        return name

    return install


def declare(package, versions="", name="patches.tests", **options):
    """A patch declared by a module of its own, as `compat/patches` has them."""
    module = types.ModuleType("bridge.patches.%s.number%d" % (name, next(numbers)))
    module.__doc__ = "Make it right.\nhttps://example.com/issue"
    sys.modules[module.__name__] = module
    return Patch(module.__name__, package, versions, symptom="it is wrong", **options)


def repairing(package, versions="", **options):
    """A patch that makes `answer()` say "repaired", armed."""
    patch = declare(package, versions, **options)

    @patch.when_imported(package)
    def repair(module):
        patch.replace(module, "answer", lambda: "repaired")

    patch.arm()
    return patch


@pytest.mark.parametrize(
    "version, versions, holds",
    [
        ("2.1.4", "==2.1.4", True),
        ("2.1.4", "!=2.1.4", False),
        ("2.1.4", ">=2.0,<2.1.5", True),
        ("2.1.5", ">=2.0,<2.1.5", False),
        ("2.1.10", "<2.1.5", False),
        ("2.0", ">=2", True),
        ("2.0.0", "==2.0", True),
        ("3.11.7", ">=3.11", True),
        ("3.10.13", ">3.9,<=3.10.13", True),
        ("2.3rc1", "==2.3", True),
        ("2.9.9.post1", ">2.9.8", True),
        ("1.11.29", " >= 1.8 , < 2.0 ", True),
    ],
)
def test_version_clauses(version, versions, holds):
    assert matches(version, versions) is holds


@pytest.mark.parametrize("versions", ["2.1", "~=2.1", ">=", "", ">=2,", "==a"])
def test_a_malformed_clause_is_an_error(versions):
    with pytest.raises(ValueError, match="not a version clause"):
        matches("2.1", versions)


def test_the_installed_version(library):
    name = library(version="1.5.2")
    assert installed_version(name) == "1.5.2"
    module = importlib.import_module(name)
    module.__version__ = "1.6 (with extras)"  # what runs goes before what the metadata says
    assert installed_version(name) == "1.6"
    assert installed_version("no_such_library") == ""
    assert installed_version("django").startswith("1.11")


@pytest.mark.parametrize(
    "folder", ["Some_Lib-1.5-py3.7.egg-info", "some.lib-1.5.egg-info", "Some_lib-1.5.dist-info"]
)
def test_the_version_by_the_name_of_a_folder(tmp_path, monkeypatch, folder):
    (tmp_path / folder).mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert installed_version("some_lib") == "1.5"


def test_a_python_that_nobody_tried_is_one_line(monkeypatch):
    monkeypatch.setattr(versions, "NEWEST", sys.version_info[:2])
    assert versions.python_is_untried() == ""
    monkeypatch.setattr(versions, "NEWEST", (3, 5))
    newer = "Python %d.%d is newer" % sys.version_info[:2]
    assert versions.python_is_untried().startswith(newer)
    assert versions.python_is_untried().endswith("the newest is 3.5.")


def test_a_patch_waits_for_its_target(library):
    name = library()
    patch = repairing(name, "<2")
    assert patch.state() == ("waiting", "until %s is imported" % name)
    assert importlib.import_module(name).answer() == "repaired"
    assert patch.state() == ("applied", "")


def test_a_target_that_was_imported_before_is_repaired_too(library):
    name = library()
    module = importlib.import_module(name)
    patch = repairing(name)
    assert module.answer() == "repaired" and patch.state()[0] == "applied"


def test_a_repair_runs_once_whoever_asks(library):
    name = library()
    patch = declare(name)
    runs = []
    patch.when_imported(name)(runs.append)
    patch.arm()
    importlib.import_module(name)
    patch.arm()
    assert len(runs) == 1


def test_installing_again_changes_nothing():
    @source
    def code(compat):
        global django
        import threading

        import asgiref.sync
        import django.utils.html

        before = vars(asgiref.sync.AsyncToSync).copy()
        threads = [threading.Thread(target=compat.install) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(
            before == vars(asgiref.sync.AsyncToSync), len({r["name"] for r in compat.report()}) > 10
        )

    assert probe(code).said == "True True"


def test_first_imports_at_once_in_many_threads(library):
    name = library(source="import time\ntime.sleep(0.05)\ndef answer(): return 'stock'\n")
    patch = declare(name)
    runs, answers = [], []

    @patch.when_imported(name)
    def repair(module):
        runs.append(module)
        patch.replace(module, "answer", lambda: "repaired")

    patch.arm()
    barrier = threading.Barrier(20)

    def visit():
        barrier.wait()
        answers.append(importlib.import_module(name).answer())

    threads = [threading.Thread(target=visit) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["repaired"] * 20 and len(runs) == 1


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


def test_a_patch_that_one_target_does_not_need_waits_for_the_other(library):
    first, second = library(), library()
    patch = declare(first)

    @patch.when_imported(first)
    def look(module):
        raise NotNeeded("it is sound")

    patch.when_imported(second)(look)
    patch.arm()
    importlib.import_module(first)
    assert patch.state() == ("waiting", "until %s is imported" % second)
    importlib.import_module(second)
    assert patch.state() == ("not needed", "it is sound; it is sound")


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


@pytest.mark.parametrize(
    "versions, options, reason",
    [
        (">=2", {}, " is 1.5"),
        ("", {"python": "<3"}, "Python is 3."),
        ("", {"requires": {"no_such_library": ""}}, "no_such_library is not installed"),
        ("", {"requires": {"django": ">=2.0"}}, "django is 1.11"),
    ],
)
def test_a_closed_gate_leaves_the_target_alone(library, versions, options, reason):
    name = library()
    patch = repairing(name, versions, **options)
    assert importlib.import_module(name).answer() == "stock"
    state, found = patch.state()
    assert state == "not needed" and reason in found


def test_a_library_that_is_absent_needs_no_repair():
    state = repairing("no_such_library").state()
    assert state == ("not needed", "no_such_library is not installed")


def test_no_hook_is_registered_where_python_closes_the_gate(library):
    from compat.patching import import_hooks as imports

    name = library()
    repairing(name, python="<3")
    assert name not in imports._watched


def test_a_target_without_the_defect(library):
    name = library()
    patch = declare(name)

    @patch.when_imported(name)
    def repair(module):
        raise NotNeeded("it is right already")

    patch.arm()
    importlib.import_module(name)
    assert patch.state() == ("not needed", "it is right already")


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


def test_a_target_that_turns_out_right_is_left_as_it_was(library):
    name = library()
    patch = declare(name)

    @patch.when_imported(name)
    def repair(module):
        patch.replace(module, "answer", None)
        raise NotNeeded("it is right already")

    patch.arm()
    assert importlib.import_module(name).answer() == "stock"
    assert patch.state() == ("not needed", "it is right already")


def test_a_version_nobody_understands_fails_no_import(library):
    name = library(source="__version__ = ' '\ndef answer(): return 'stock'\n")
    patch = repairing(name, "<2")
    assert importlib.import_module(name).answer() == "stock"
    assert patch.state()[0] in ("refused", "not needed")


def test_a_module_that_is_executed_again_is_repaired_again(library):
    name = library()
    patch = repairing(name)
    module = importlib.import_module(name)
    importlib.reload(module)
    assert module.answer() == "repaired" and patch.original(module, "answer")() == "stock"
    del sys.modules[name]
    assert importlib.import_module(name).answer() == "repaired"
    assert patch.state() == ("applied", "")


def test_a_repair_elsewhere_is_made_once_when_its_target_is_executed_again(library):
    name, other = library(), importlib.import_module(library())
    patch = declare(name)
    stock = other.answer

    @patch.when_imported(name)
    def repair(module):
        patch.expect(other.answer is stock, "repaired twice")
        patch.replace(other, "answer", lambda: "repaired")

    patch.arm()
    importlib.reload(importlib.import_module(name))
    assert patch.state() == ("applied", "") and patch.original(other, "answer") is stock


def test_what_was_applied_is_not_called_disabled_later(library, monkeypatch):
    name = library()
    patch = repairing(name)
    importlib.import_module(name)
    monkeypatch.setenv("COMPAT_DISABLE", "*")  # too late
    assert patch.state() == ("applied", "")


def test_what_was_left_out_stays_disabled(library, monkeypatch):
    name = library()
    monkeypatch.setenv("COMPAT_DISABLE", "*")
    patch = repairing(name)
    monkeypatch.delenv("COMPAT_DISABLE")
    assert patch.state() == ("disabled", "COMPAT_DISABLE")


def test_what_a_repair_changes(library):
    name = library()
    module = importlib.import_module(name)
    patch = declare(name)
    stock = module.answer
    assert patch.replace(module, "answer", "ours") is stock
    patch.replace(module, "answer", "again")
    assert patch.original(module, "answer") is stock
    patch.add(module, "value", 2)
    patch.add(module, "more", 3)
    assert (module.answer, module.value, module.more) == ("again", 1, 3)
    with pytest.raises(KeyError):
        patch.original(module, "value")


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


def test_one_refused_target_is_the_state_of_the_patch(library):
    good, bad = library(), library()
    patch = declare(good)
    patch.when_imported(good)(lambda module: None)
    patch.when_imported(bad)(lambda module: patch.expect(False, "unknown"))
    patch.arm()
    importlib.import_module(good)
    assert patch.state()[0] == "applied"
    importlib.import_module(bad)
    assert patch.state() == ("refused", "%s: unknown" % bad)


def test_disabling_by_name_part_and_pattern(library, monkeypatch):
    name = library()
    patch = declare(name, name="web")
    short = patch.name.rpartition(".")[2]
    for disabled in [patch.name, short, "web.*", "other, %s" % short, "number*"]:
        monkeypatch.setenv("COMPAT_DISABLE", disabled)
        assert patch.state() == ("disabled", "COMPAT_DISABLE"), disabled
    for disabled in ["", ",", "web", "other.%s" % short, short.upper()]:
        monkeypatch.setenv("COMPAT_DISABLE", disabled)
        assert patch.state()[0] != "disabled", disabled


def test_a_disabled_patch_leaves_its_target_alone(library, monkeypatch):
    name = library()
    monkeypatch.setenv("COMPAT_DISABLE", "number*")
    assert repairing(name).state()[0] == "disabled"
    assert importlib.import_module(name).answer() == "stock"


def test_the_record(library):
    name = library()
    patch = repairing(name, "<2", python=">=3.6")
    assert patch.record() == {
        "name": patch.name,
        "library": name,
        "versions": "<2; Python >=3.6",
        "installed": "1.5",
        "state": "waiting",
        "reason": "until %s is imported" % name,
        "symptom": "it is wrong",
        "cves": [],
        "link": "https://example.com/issue",
    }


def test_every_patch_there_is_tells_what_it_does():
    import compat

    records = compat.report()
    assert [record["name"] for record in records] == sorted(record["name"] for record in records)
    for record in records:
        cves = record.pop("cves")
        assert all(isinstance(value, str) for value in record.values())
        assert all(cve.startswith("CVE-20") for cve in cves)
        assert record["symptom"] and record["link"].startswith("https://"), record["name"]


@source
def site(json):
    from django.conf import settings

    settings.configure(SECRET_KEY="probe", INSTALLED_APPS=["compat"], DATABASES={})
    import django

    django.setup()
    from django.core.checks import run_checks

    print(json.dumps([[m.id, m.msg, m.hint] for m in run_checks() if "compat" in m.id]))


def checks(code, **options):
    result = probe(code + site, **options)
    assert not result.returncode, result.error
    return json.loads(result.said)


def test_a_site_in_order_gets_no_warning():
    assert checks("") == []


def test_late_activation_is_warned_of():
    code = "compat.late = None\nimport django\ncompat.install()\n"
    [(number, message, hint)] = checks(code)
    assert number == "compat.W001" and "after Django had been imported" in message
    assert "python -m compat activate" in hint


def test_a_refused_patch_is_warned_of():
    code = """
import asgiref.testing
from compat.patching.patch import Patch
patch = Patch("compat.patches.asgiref", "asgiref", "", symptom="a hang")
patch.when_imported("asgiref.testing")(lambda module: patch.expect(False, "it is another"))
patch.arm()
from compat import patches
patches._loaded["asgiref"].append(patch)
"""
    [(number, message, hint)] = checks(code)
    assert number == "compat.W002"
    assert message == "asgiref could not be repaired: asgiref.testing: it is another"
    assert "Symptom: a hang." in hint and "COMPAT_DISABLE=asgiref" in hint


def test_disabled_and_unknown_names_are_told():
    found = checks("", disable="request_finish,no.such.patch")
    assert [(number, message) for number, message, _ in found] == [
        ("compat.I001", "channels.request_finish is disabled by COMPAT_DISABLE."),
        ("compat.W003", "COMPAT_DISABLE names 'no.such.patch', which is not a patch."),
    ]
