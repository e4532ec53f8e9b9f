"""What is said of figures: tables, goals, pictures, and a peer that cannot be had."""

from xml.etree import ElementTree

import pytest

from tests.labs.bench import peers, record
from tests.labs.bench.comparison import Goal, Measure
from tests.labs.bench.failure import Failed
from tests.labs.bench.plot import plot
from tests.labs.bench.results import Results


@pytest.fixture
def results():
    found = Results()
    goals = (
        Goal("ours", "daphne4", 0.1),
        Goal("ours", "stock", 0.5),
        Goal("streams", None, 9),
        Goal("ours", "uvicorn", 1),
    )
    found.measures = [Measure("made.cpu", "Making", "ms", 1, goals), Measure("made.up", "Up", "s")]
    figures = {"ours": (2, 4), "stock": (5, 10), "daphne4": (10, 50), "streams": (10, 10)}
    for name, values in figures.items():
        for value in values:
            found.add("made.cpu", name, value)
    for _ in range(2):
        found.fail("made", "uvicorn", "it ended")
    found.loads = [3.0, 1.0]
    return found


def test_a_table_has_the_spread_of_values_and_of_neighbours_ratios(results):
    lines = record.comparisons(results)
    assert "### Making (ms)" in lines
    ours, theirs = ([line for line in lines if text in line] for text in ("ordinary", "core layer"))
    assert ours[0].endswith("| 3.0 | 2.0–4.0 | – | – |")
    assert theirs[0].endswith("| 30.0 | 10.0–50.0 | 0.14× | 0.080×–0.20× |")
    assert [line for line in lines if "uvicorn" in line][0].endswith("| failed | | | |")
    assert "load average 1.0–3.0" in lines
    assert lines.count("failed: made, uvicorn: it ended") == 1


def test_a_round_that_failed_has_no_neighbours():
    found = Results()
    found.measures = [Measure("made.cpu", "Making", "ms")]
    for number in range(3):
        found.round = number
        found.add("made.cpu", "ours", 10**number)
        if number:  # the first one of stock has failed
            found.add("made.cpu", "stock", 2 * 10**number)
    line = [line for line in record.comparisons(found) if "without the bridge" in line][0]
    assert line.endswith("| 0.50× | 0.50×–0.50× |")


def test_goals_are_judged_plainly_and_not_without_figures(results):
    said = [line for line in record.comparisons(results) if line.startswith("- ")]
    assert [line.rpartition(", ")[2] for line in said] == ["met", "met", "**missed**"]
    assert said[2] == "- streams ≤ 9: 10.0, **missed**"


def test_a_record_keeps_what_it_does_not_measure(results, monkeypatch, tmp_path):
    monkeypatch.setattr(record, "FOLDER", str(tmp_path))
    page = tmp_path / "performance.md"
    page.write_text("# Head\n\n<!-- CPython 2.7 -->\nold\n<!-- end of 2.7 -->\n")
    record.write(results)
    once = page.read_text(encoding="utf8")
    record.write(results)
    assert page.read_text(encoding="utf8") == once
    assert once.startswith("# Head\n\n<!-- CPython 2.7 -->\nold\n<!-- end of 2.7 -->\n")
    assert once.count("### Making (ms)") == 1


def test_a_picture_is_a_picture(results):
    root = ElementTree.fromstring(plot(results, "a < b"))
    assert root.tag.endswith("svg")
    bars = [one for one in root.iter() if one.tag.endswith("rect")]
    assert len(bars) == 1 + 4  # the ground, and one for each that has figures


def test_a_peer_that_cannot_be_had_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(peers, "FOLDER", str(tmp_path / "peers"))
    monkeypatch.setattr(peers, "PYTHON", "3.99")
    with pytest.raises(Failed, match="^the peers need Python 3.99, which is not installed$"):
        peers.interpreter(print)
