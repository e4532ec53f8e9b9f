"""The tool itself, on a module that was made for it."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from tests.labs.mutation import baseline, results, rooms, trial
from tests.labs.mutation.__main__ import main
from tests.labs.mutation.mutants import mutants_of
from tests.support import CHECKOUT

pytestmark = pytest.mark.skipif(sys.version_info < (3, 9), reason="the tool needs Python 3.9")

RULES = '''
"""Tiny."""
import logging
logger = logging.getLogger(__name__)


def grade(points, most=10):
    if points > most:
        logger.info("too many: %d", points)
        return "none"
    return "good"
'''
TESTS = """
from tiny.rules import grade


def test_grade():
    assert (grade(8), grade(11)) == ("good", "none")
"""
ROOMS = {"tiny": (["tiny"], ["tests"])}


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with one room, whose tests do not try grade(10)."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they take seconds to load
    for name, text in [("tiny/rules.py", RULES), ("tests/test_rules.py", TESTS)]:
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text(textwrap.dedent(text).lstrip())
    (tmp_path / "equivalent.txt").write_text("# none yet\n")
    return tmp_path


def run(checkout, *arguments, quick=()):
    return main(
        ["tiny", *arguments],
        root=str(checkout),
        known=ROOMS,
        equivalent=str(checkout / "equivalent.txt"),
        quick=quick,
    )


def test_survivors_are_told_and_remembered(checkout, capsys):
    before = (checkout / "tiny" / "rules.py").read_bytes()
    assert run(checkout, "--list") == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[2] for line in listed] == [
        "6 constant",
        "7 condition negated",
        "7 comparison",
        "9 returns None",  # and nothing of what is logged
        "10 returns None",
    ]
    assert run(checkout, "--module", "rules", "--least", "81") == 1
    said = capsys.readouterr().out
    assert said.count("survived: ") == 1, said
    assert "-    if points > most:\n+    if (points >= most):" in said
    assert "80 %: 4 of 5 killed, 1 survived, 0 equivalent, 0 not tried" in said
    assert (checkout / "tiny" / "rules.py").read_bytes() == before
    # Everything is known: nothing is run any more, unless somebody says so.
    assert run(checkout, "--least", "80") == 0
    assert "the tests without" not in capsys.readouterr().out
    # A test that notices it is one answer, a reason why nobody can is another.
    (checkout / "tests" / "test_most.py").write_text(
        "from tiny.rules import grade\n\n\ndef test():\n    assert grade(10) == 'good'\n"
    )
    assert run(checkout, "--again", "survived", "--least", "100") == 0
    said = capsys.readouterr().out
    assert "1/1 killed" in said and "100 %: 5 of 5 killed" in said
    survivor = listed[2].split()[0]
    (checkout / "equivalent.txt").write_text(f"{survivor} tiny/rules.py nobody has ten points\n")
    assert run(checkout, "--list") == 0
    assert "comparison  equivalent: nobody has ten points" in capsys.readouterr().out
    assert run(checkout) == 0
    assert "100 %: 4 of 4 killed, 0 survived, 1 equivalent" in capsys.readouterr().out


def test_tests_that_fail_by_themselves_are_no_measure(checkout, capsys):
    (checkout / "tests" / "test_rules.py").write_text("def test():\n    assert 0\n")
    assert run(checkout, "--sample", "1") == 2
    assert "fail without any mutant" in capsys.readouterr().err


def test_the_cheap_tests_are_asked_first_and_not_measured_twice(checkout, capsys):
    """With the options `quick`, then all; a file that passed is run again when it has changed."""
    (checkout / "tests" / "test_most.py").write_text(
        "from tiny.rules import grade\n\n\ndef test_slow():\n    assert grade(10) == 'good'\n"
    )
    quick = ["-k", "not slow"]
    assert run(checkout, "--cheap", quick=quick) == 0
    said = capsys.readouterr().out
    assert "suspect  tiny/rules.py:7 comparison" in said and "+    if (points >= most):" in said
    assert "4 of 4 killed, 0 survived, 0 equivalent, 1 not tried" in said
    assert run(checkout, "--least", "100", quick=quick) == 0
    with open(str(checkout / "var" / "mutation" / "tiny.jsonl")) as file:
        tests = [json.loads(line)["test"] for line in file]
    assert sorted(tests)[:2] == ["tests/test_most.py::test_slow", "tests/test_rules.py::test_grade"]
    assert tests.count("tests/test_most.py::test_slow") == 1
    measured = str(checkout / "var" / "mutation" / "tiny" / "baseline.json")
    with open(measured) as file:
        before = json.load(file)
    assert sorted(before) == ["", "-k not slow"]
    (checkout / "tests" / "test_most.py").write_text("def test_slow():\n    pass\n")
    assert run(checkout, "--again", "all", "--sample", "1", quick=quick) == 0
    with open(measured) as file:
        after = json.load(file)
    assert {test for test in before[""] if before[""][test] != after[""][test]} == {
        "tests/test_most.py"
    }
    # Another module is another measure, but for the trusting.
    (checkout / "tiny" / "rules.py").write_text(textwrap.dedent(RULES) + "\n")
    assert run(checkout, "--again", "all", "--sample", "1", "--trusting", quick=quick) == 0
    with open(measured) as file:
        assert json.load(file) == after
    assert run(checkout, "--again", "all", "--sample", "1", quick=quick) == 0
    with open(measured) as file:
        assert json.load(file)[""]["tests/test_rules.py"] != before[""]["tests/test_rules.py"]


def test_the_likely_tests_come_first(tmp_path):
    for name, text in [
        ("test_a.py", "import other"),
        ("test_b.py", "from tiny import rules"),
        ("test_rules.py", ""),
    ]:
        (tmp_path / name).write_text(text)

    def order(seconds, kills):
        seconds = dict(zip(["test_a.py", "test_b.py", "test_rules.py"], seconds))
        found = rooms.by_likelihood(str(tmp_path), "tiny/rules.py", seconds, kills)
        return [name[5] for name in found]

    assert order([1, 1, 1], {}) == ["r", "b", "a"]
    assert order([1, 1, 1], {"test_a.py": 5}) == ["a", "r", "b"]  # it has noticed some already
    assert order([1, 1, 100], {}) == ["b", "a", "r"]


def test_a_line_of_equivalents_that_is_none(checkout, capsys):
    (checkout / "equivalent.txt").write_text("because\n")
    assert run(checkout) == 2
    assert "equivalent.txt:1: not `ID PATH REASON`: because" in capsys.readouterr().err


def test_a_mutant_that_never_ends_is_stopped(checkout, monkeypatch):
    (checkout / "tiny" / "rules.py").write_text(
        "def count(n):\n    while n > 0:\n        n -= 1\n    return n\n"
    )
    (checkout / "tests" / "test_rules.py").write_text(
        "import pytest\nfrom tiny.rules import count\n\n\n"
        "def test_count():\n    assert count(2) == 0\n"
    )
    (one,) = [
        mutant
        for mutant in mutants_of("tiny/rules.py", (checkout / "tiny" / "rules.py").read_text())
        if mutant.what == "statement removed"
    ]
    ours = trial.Trial(str(checkout), str(checkout / "var" / "copy"))
    monkeypatch.setattr(baseline.Pass, "bound", lambda self: 3)
    status, _ = ours.ask(one, ["tests/test_rules.py"], baseline.Pass([], {}, 1000))
    assert status == "timeout"
    assert list(trial.started_in(ours.folder)) == []


def test_it_goes_on_after_an_interrupt(checkout):
    code = (
        "import sys\n"
        "from tests.labs.mutation.__main__ import main\n"
        f"sys.exit(main(['tiny'], root={str(checkout)!r}, known={ROOMS!r}, "
        f"equivalent={str(checkout / 'equivalent.txt')!r}, quick=()))\n"
    )
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if line.startswith("2/"):
            break
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "goes on from here" in said and "Traceback" not in errors
    path = os.path.join(str(checkout), "var", "mutation", "tiny.jsonl")
    known = len(results.Results(path).found)
    assert known >= 2
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120)
    total = len(mutants_of("tiny/rules.py", (checkout / "tiny" / "rules.py").read_text()))
    assert f"1/{total - known} " in done.stdout
    assert f"of {total} killed, 1 survived, 0 equivalent, 0 not tried" in done.stdout


@pytest.mark.parametrize(
    "source, found",
    [
        ("x = a == b\n", {"(a != b)"}),
        ("if a:\n    pass\n", {"(not (a))"}),
        ("if not a:\n    pass\n", {"(a)"}),
        ("x = a and b\n", {"(a or b)"}),
        ("x = 5\n", {"6"}),
        ("x = True\n", {"False"}),
        ("f(a, b=c)\n", {"pass", "(f(a))"}),
        ("x = min(a, b)\n", {"max"}),
        ("x += 1\n", {"pass", "x -= 1", "2"}),
        ("x.y = z\n", {"pass"}),
        ("x = 'a' + b\n", set()),
        ("x = '%s' % b\n", set()),
        ("x = f'{1 + 2}'\n", set()),
        ("x = '“' if a < b else c\n", {"(a <= b)", "(not (a < b))"}),
        ("async def f():\n    await g()\n", {"pass", "(g())"}),
        ("try:\n    f()\nexcept A:\n    g()\n", {"pass", "raise"}),
        ("logger.warning('a', b, 1)\n", set()),
        ("def f(a: int = 1) -> 'x':\n    return True\n", {"2", "False"}),
        ("import os\nx = os.kill(pid, 0)\n", set()),
        ("x = [y for y in z if y]\n", {"True"}),
    ],
)
def test_what_is_done_to_code(source, found):
    assert {mutant.new for mutant in mutants_of("x.py", source)} == found


def test_what_is_done_to_a_template():
    source = "# why\nserver {\n@if tls\n    listen 443;\n@end\n    listen 80;\n}\n"
    found = mutants_of("x.conf", source)
    assert [(one.line, one.old) for one in found] == [
        (2, "server {\n"),
        (4, "    listen 443;\n"),
        (6, "    listen 80;\n"),
    ]
    assert found[1].mutated == source.replace("    listen 443;\n", "")


def test_an_id_outlives_edits_elsewhere():
    one = mutants_of("x.py", "def f(a):\n    return a == 1\n")
    other = mutants_of(
        "x.py", "# more\n\n\ndef g():\n    return 2\n\n\ndef f(a):\n    return a == 1\n"
    )
    ids = [mutant.id for mutant in one]
    assert ids == [mutant.id for mutant in other if mutant.where == "f"]
    assert len({mutant.id for mutant in other}) == len(other)
