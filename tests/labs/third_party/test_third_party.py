import os
import subprocess
import sys
import tarfile

import pytest

from tests.labs.django_suite.environment import Unready
from tests.labs.third_party import environment
from tests.labs.third_party.environment import SHIMS, unpack
from tests.labs.third_party.packages import PACKAGES, package
from tests.labs.third_party.results import (
    Baseline,
    Difference,
    count,
    excused,
    read_junit,
    read_lines,
)
from tests.labs.third_party.run import run

STOCK = {
    "shop.test_add": ("ok", ""),
    "shop.test_old[a b]": ("fail", ""),
    "shop.test_s3": ("skip", ""),
}


def compare(tmp_path, changes, excuses=()):
    path = str(tmp_path / "baseline.txt")
    Baseline.of({"shop": STOCK}).write(path, ["stock"])
    results = dict(STOCK, **{test: (state, "") for test, state in changes.items()})
    results = {test: result for test, result in results.items() if result[0] != "gone"}
    return Difference(Baseline.read(path), "shop", results, excuses)


def test_the_same_results_are_no_difference(tmp_path):
    difference = compare(tmp_path, {})
    assert not difference.regressed and not difference.newly_passing


@pytest.mark.parametrize(
    "test, state, kind",
    [
        ("shop.test_add", "fail", "newly_failing"),
        ("shop.test_new", "error", "newly_failing"),
        ("shop.test_s3", "error", "newly_failing"),
        ("shop.test_add", "skip", "newly_skipped"),
    ],
)
def test_what_is_worse_is_told(tmp_path, test, state, kind):
    difference = compare(tmp_path, {test: state})
    assert getattr(difference, kind) == [test]
    assert difference.regressed


def test_a_test_that_is_gone_is_missed(tmp_path):
    difference = compare(tmp_path, {"shop.test_add": "gone"})
    assert difference.missing == 1 and difference.regressed


def test_what_is_better_or_cannot_be_is_harmless(tmp_path):
    changes = {"shop.test_old[a b]": "ok", "shop.test_add": "fail"}
    difference = compare(tmp_path, changes, {("shop", "shop.test_add"): "why"})
    assert difference.newly_passing == ["shop.test_old[a b]"]
    assert difference.not_applicable == ["shop.test_add"]
    assert not difference.regressed


@pytest.mark.parametrize("line", ["fail shop", "run shop many", "fine shop shop.test_add"])
def test_a_bad_line_of_a_baseline_is_told(tmp_path, line):
    (tmp_path / "baseline.txt").write_text("# stock\nrun shop 3\n%s\n" % line)
    with pytest.raises(ValueError, match="line 3"):
        Baseline.read(str(tmp_path / "baseline.txt"))


def test_reasons_count_for_their_pythons_only(tmp_path):
    path = tmp_path / "reasons.txt"
    path.write_text("# why\nshop test[a b] | >=3.6 | it is\nshop other | <3.6 | it was\n")
    assert excused(str(path)) == {("shop", "test[a b]"): "it is"}
    path.write_text("shop test | >=3.6\n")
    with pytest.raises(ValueError, match="line 1"):
        excused(str(path))


def test_the_committed_files_can_be_read():
    assert all(excused().values())
    names = {checked.name for checked in PACKAGES}
    baseline = Baseline.read(os.path.join(environment.HERE, "baseline.txt"))
    assert set(baseline.counts) == names
    with open(environment.REQUIREMENTS) as file:
        pins = file.read()
    for checked in PACKAGES:
        assert "%s==%s" % (checked.name, checked.version) in pins


TESTS = """
import unittest
class Shop(unittest.TestCase):
    def test_ok(self): pass
    def test_bad(self): self.assertEqual(1, 2)
    def test_no(self): self.skipTest("no tea")
    def test_error(self): 1 / 0
    def test_twice(self):
        self.addCleanup(lambda: 1 / 0)
        self.fail()
"""


def suite(tmp_path, text):
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "test_shop.py").write_text(text)
    command = ["-m", "pytest", "-p", "no:cacheprovider", "-q"]
    shop = package("shop", "1.0", command + ["--rootdir=."])
    return run(shop, str(tmp_path / "suite"), sys.executable, str(tmp_path))


def test_a_suite_is_run_and_counted(tmp_path):
    results, complaint = suite(tmp_path, TESTS)
    assert complaint == ""
    assert count(results) == (5, 2, 1, 1)
    assert results["test_shop.Shop.test_ok"][0] == "ok"
    assert "no tea" in results["test_shop.Shop.test_no"][1]


def test_a_suite_that_crashes_is_told(tmp_path):
    results, complaint = suite(tmp_path, "import os\ndef test(): os._exit(0)")
    assert not results
    assert complaint.startswith("did not come to its end: ")


def test_outcomes_of_pytest_and_of_djangos_runner(tmp_path):
    path = tmp_path / "record"
    path.write_text(
        '<testsuites><testsuite><testcase classname="a" name="b"/>'
        '<testcase classname="a" name="c[&#10;]"><failure>1</failure><error>2</error></testcase>'
        '<testcase classname="" name="d"><skipped message="why"/></testcase>'
        "</testsuite></testsuites>"
    )
    assert read_junit(str(path)) == {
        "a.b": ("ok", ""),
        "a.c[\\n]": ("error", "2"),
        "d": ("skip", "why"),
    }
    path.write_text('["error", "a.b", "1"]\n["ok", "a.b", ""]\n')
    assert read_lines(str(path)) == {"a.b": ("error", "1")}


def test_an_sdist_is_unpacked_afresh_and_ours(tmp_path):
    (tmp_path / "setup.py").write_text("")
    with tarfile.open(str(tmp_path / "shop-1.0.tar.gz"), "w:gz") as tar:
        info = tar.gettarinfo(str(tmp_path / "setup.py"), "shop-1.0/setup.py")
        info.uid = info.gid = 12345
        with open(str(tmp_path / "setup.py"), "rb") as file:
            tar.addfile(info, file)
    shop = package("shop", "1.0", [])
    for _ in range(2):
        source = unpack(shop, str(tmp_path), sys.executable)
        assert os.listdir(source) == ["setup.py"]
        assert os.stat(os.path.join(source, "setup.py")).st_uid == os.getuid()
        open(os.path.join(source, "left"), "w").close()


def test_an_sdist_that_cannot_be_had_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(Unready, match="the sdist of shop"):
        unpack(package("shop", "1.0", []), str(tmp_path), sys.executable)


def test_metadata_comes_from_the_sdist_itself(tmp_path):
    (tmp_path / "PKG-INFO").write_text("Name: the-shop\nVersion: 1.0\n\nName: no\n")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from setuptools import build_meta; "
            "print(build_meta.__legacy__.prepare_metadata_for_build_wheel('.'))",
        ],
        cwd=str(tmp_path),
        env=dict(os.environ, PYTHONPATH=os.path.join(SHIMS, "download")),
        stdout=subprocess.PIPE,
        universal_newlines=True,
        check=True,
    )
    assert done.stdout.strip() == "the_shop-1.0.dist-info"
    text = (tmp_path / "the_shop-1.0.dist-info" / "METADATA").read_text()
    assert text == "Metadata-Version: 2.1\nName: the-shop\nVersion: 1.0\n"
