"""docs/records/doctor.md says which test breaks what; that test must see the finding first."""

import collections
import os
import re

import pytest

from tests.support import CHECKOUT

RECORD = os.path.join(CHECKOUT, "docs", "records", "doctor.md")
Row = collections.namedtuple("Row", "id broken on file test")
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (.+) \| (.+) \| `(test_\w+\.py)::(test_\w+)` \|$")
SEEN = set()  # (file, test, id) of what was seen first


def rows():
    """Those of the table; its head is the two lines before them."""
    with open(RECORD, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file if line.startswith("| ")]
    found = [ROW.match(line) for line in lines if not line.startswith(("| id |", "| ---"))]
    wrong = [line for line, match in zip(lines[1:], found) if not match]
    assert not wrong, "rows that cannot be read: %s" % wrong
    return [Row(*match.groups()) for match in found]


def first(found, id):
    """The first finding, which must have that id."""
    assert [one.id for one in found][:1] == [id], found
    path, test = os.environ["PYTEST_CURRENT_TEST"].split(" ")[0].split("::")
    SEEN.add((os.path.basename(path), test.partition("[")[0], id))
    return found[0]


def every_one(request):
    """At the end of such a file: each of its rows was seen first, by the test that it names."""
    tests = [name for name in vars(request.module) if name.startswith("test_")]
    some = {one.function.__name__ for one in request.session.items if one.module is request.module}
    if len(some) < len(tests) or request.config.getoption("--no-processes"):
        pytest.skip("only some of the tests were asked for")
    here = os.path.basename(request.module.__file__)
    skipped = vars(request.module).get("SKIPPED", set())
    wanted = {(here, one.test, one.id) for one in rows() if one.file == here}
    left_out = {one for one in wanted if one[1] in skipped}
    assert wanted - left_out <= SEEN, sorted(wanted - left_out - SEEN)
    if left_out:
        pytest.skip("not broken here: %s" % ", ".join(sorted(id for _, _, id in left_out)))
