"""The mechanism: which patches apply, when they run, and what they leave behind."""

import importlib
import sys
import threading

import pytest

from compat.patching.patch import NotNeeded
from tests.compat.patching.declaring import declare, repairing
from tests.support.probe import probe, source


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
