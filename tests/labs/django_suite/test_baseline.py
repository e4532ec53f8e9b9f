import subprocess

import pytest

from tests.labs.django_suite.baseline import Baseline, Difference, excused
from tests.labs.django_suite.runs import divide, unprivileged

STOCK = {
    "shop.tests.Cart.test_add": ("ok", ""),
    "shop.tests.Cart.test_old": ("fail", ""),
    "shop.tests.Oracle.test_one": ("skip", ""),
    "shop.tests.Oracle.test_two": ("skip", ""),
    "setUpClass (shop.tests.Images)": ("skip", ""),
    "forms.tests.Field.test_clean": ("ok", ""),
    "forms.tests.Field.test_gone": ("skip", ""),
}


@pytest.fixture
def stock(tmp_path):
    path = str(tmp_path / "baseline.txt")
    Baseline.of(STOCK).write(path, ["stock"])
    return Baseline.read(path)


def compare(stock, changes, labels=("shop", "forms"), excuses=()):
    results = {test: (state, "") for test, (state, _) in STOCK.items()}
    results.update((test, (state, "")) for test, state in changes.items())
    return Difference(
        stock, {t: r for t, r in results.items() if r[0] != "gone"}, labels, dict.fromkeys(excuses)
    )


def test_a_class_that_is_skipped_is_one_line(stock):
    assert stock.sizes == {"shop": 5, "forms": 2}
    assert stock.states == {
        "shop.tests.Cart.test_old": "fail",
        "shop.tests.Oracle.*": "skip",
        "setUpClass (shop.tests.Images)": "skip",
        "forms.tests.Field.test_gone": "skip",
    }


def test_the_same_results_are_no_difference(stock):
    difference = compare(stock, {})
    assert not difference.regressed
    assert not difference.newly_passing


@pytest.mark.parametrize(
    "test, state, kind",
    [
        ("shop.tests.Cart.test_add", "fail", "newly_failing"),
        ("shop.tests.Cart.test_new", "error", "newly_failing"),
        ("shop.tests.Oracle.test_one", "error", "newly_failing"),
        ("shop.tests.Cart.test_add", "skip", "newly_skipped"),
    ],
)
def test_what_is_worse_than_before_is_told(stock, test, state, kind):
    difference = compare(stock, {test: state})
    assert getattr(difference, kind) == [test]
    assert difference.regressed


def test_a_test_that_is_gone_is_missed_where_its_whole_app_was_run(stock):
    gone = {"forms.tests.Field.test_clean": "gone"}
    assert compare(stock, gone).missing == {"forms": 1}
    assert compare(stock, gone).regressed
    assert not compare(stock, gone, labels=["shop", "forms.tests.Field.test_gone"]).regressed


def test_what_passes_now_is_told_and_harmless(stock):
    difference = compare(stock, {"shop.tests.Cart.test_old": "ok"})
    assert difference.newly_passing == ["shop.tests.Cart.test_old"]
    assert not difference.regressed


def test_a_test_that_cannot_apply_is_told_and_harmless(stock):
    test = "shop.tests.Cart.test_add"
    difference = compare(stock, {test: "fail"}, excuses=[test])
    assert difference.not_applicable == [test]
    assert not difference.regressed


def test_reasons_count_for_their_pythons_only(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("# why\na.B.test | >=3.6 | it is\na.B.other | <3.6 | it was\n")
    assert excused(str(path)) == {"a.B.test": "it is"}


def test_a_reason_that_is_missing_is_an_error(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("a.B.test | >=3.6\n")
    with pytest.raises(ValueError, match="line 1"):
        excused(str(path))


def test_the_committed_list_can_be_read():
    assert all(excused().values())


def test_pieces_have_about_the_same_number_of_tests():
    pieces = divide(["a", "b", "c"] + ["d%d" % n for n in range(20)], {"a": 90, "b": 50, "c": 40})
    sizes = [sum({"a": 90, "b": 50, "c": 40}.get(label, 1) for label in piece) for piece in pieces]
    assert sorted(sum(pieces, [])) == sorted(["a", "b", "c"] + ["d%d" % n for n in range(20)])
    assert sorted(sizes)[-3:] == [40, 50, 90]


def test_an_app_that_shows_what_another_leaves_behind_comes_after_it():
    pieces = divide(["backends", "aggregation", "migrations"], {})
    assert ["migrations", "backends"] in pieces


def test_permissions_bind_whoever_runs_the_suite(tmp_path):
    def touch(name):
        command = unprivileged() + ["touch", str(tmp_path / name)]
        return subprocess.call(command, stderr=subprocess.DEVNULL)

    assert touch("before") == 0
    tmp_path.chmod(0o500)
    try:
        assert touch("after") != 0
    finally:
        tmp_path.chmod(0o700)
