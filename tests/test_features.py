"""The table of features names tests that are there, one for each "yes" of ours."""

import os
import re

import pytest

from tests.support import CHECKOUT

PAGE = os.path.join("docs", "records", "features.md")


def tables(text):
    """{heading: [[cell, …] of each row]}, without the heads of tables."""
    found = {}
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        rows = [line for line in part.splitlines() if line.startswith("|")]
        cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
        if rows:
            found[part.splitlines()[0]] = cells[0:1] + cells[2:]
    return found


def problems(text, root=CHECKOUT):
    """What is wrong with the page, a line for each."""
    found = []
    beside, here = tables(text)["Side by side"], tables(text)["Here"]
    for table in (beside, here):
        for row in table:
            if len(row) != len(table[0]):
                found.append("%s: %d cells in place of %d" % (row[0], len(row), len(table[0])))
    said = {row[0]: row[1] for row in here[1:]}
    for row in beside[1:]:
        if not all(row):
            found.append("%s: an empty cell" % row[0])
        mine = said.pop(row[0], "")
        if not mine.startswith(row[1].split(",")[0]):
            found.append("%s: %s there, %s here" % (row[0], row[1], mine or "nothing"))
    found += ["%s: not in the other table" % name for name in said]
    for row in here[1:]:
        tests = re.findall(r"`(tests/[\w/.]+)::(\w+)`", row[2])
        if row[1].startswith("yes") and not tests:
            found.append("%s: no test shows it" % row[0])
        found += [
            "%s: there is no %s in %s" % (row[0], name, path)
            for path, name in tests
            if not is_there(os.path.join(root, path), name)
        ]
    return found


def is_there(path, name):
    if not os.path.exists(path):
        return False
    with open(path, encoding="utf-8") as file:
        return re.search(r"^(async )?def %s\(" % name, file.read(), re.M) is not None


def read():
    with open(os.path.join(CHECKOUT, PAGE), encoding="utf-8") as file:
        return file.read()


def test_each_yes_has_its_test():
    assert problems(read()) == []


@pytest.mark.parametrize(
    "was, wrong, problem",
    [
        ("::test_by_size`", "::test_by_weight`", "history: there is no test_by_weight"),
        ("`tests/labs/chaos/", "`tests/labs/order/", "exactly once: there is no"),
        ("| epoch | yes |", "| epoch | no |", "epoch: no there, yes"),
        ("| epoch | yes |", "| epoch | yes | no |", "epoch: 9 cells"),
        ("| epoch | yes: after", "| era | yes: after", "era: not in the other table"),
        ("`tests/compat/streams/test_log.py::test_outer_transaction`", "", "no test shows it"),
        ("| license | BSD |", "| license | |", "license: an empty cell"),
    ],
)
def test_what_is_wrong_with_the_page_is_noticed(was, wrong, problem):
    text = read()
    assert was in text
    assert any(problem in found for found in problems(text.replace(was, wrong, 1)))
