"""What docs/records/lanes.md and known.txt say, against the patches' gates and tests."""

import fnmatch
import os
import re

import pytest

from compat import patches
from compat.patching.patch import version_of
from compat.patching.versions import matches, normal
from tests.labs.version_matrix.__main__ import LANES, LIBRARIES, main
from tests.labs.version_matrix.plugin import KNOWN, read
from tests.support import CHECKOUT


def documented():
    """{patch: {lane: state}} of the table in docs/records/lanes.md."""
    with open(os.path.join(CHECKOUT, "docs", "records", "lanes.md")) as file:
        rows = [line.strip("|\n ").split("|") for line in file if line.startswith("|")]
    rows = [[cell.strip() for cell in row] for row in rows]
    (start,) = [number for number, row in enumerate(rows) if row[0] == "patch"]
    return {row[0]: dict(zip(rows[start][1:], row[1:])) for row in rows[start + 2 :]}


def is_open(patch, lane):
    """Whether a patch's gates, but that for Python, are open for what the lane has installed."""
    versions = dict(package.split("==") for package in LANES[lane])
    versions = {normal(package): version for package, version in versions.items()}
    wanted = [(patch.package, patch.versions)] + list(patch.requires.items())
    return all(
        matches(versions.get(normal(package)) or version_of(package) or "0", clauses or ">=0")
        for package, clauses in wanted
    )


@pytest.mark.parametrize("lane", sorted(LANES))
def test_the_table_says_what_the_gates_do(lane):
    table = documented()
    for patch in patches.every():
        if patch.name.partition(".")[0] not in LIBRARIES[lane] or patch.package == "twisted":
            continue  # Twisted is the pins', another for some Pythons
        state = table.get(patch.name, {}).get(lane, "applied")
        if is_open(patch, lane):
            assert state in ("applied", "not needed"), patch.name  # some look for themselves
        else:
            assert state == "not needed", patch.name


def test_every_exception_is_of_a_lane_and_a_test():
    for lanes, pattern, why in read(KNOWN):
        assert set(lanes) <= set(LANES), pattern
        assert len(why) > 5, pattern
        folder, file = pattern.partition("::")[0].split(".")
        path = os.path.join(CHECKOUT, "tests", "compat", "patches", folder, "test_%s.py" % file)
        with open(path) as source:
            names = re.findall(r"^def (test_\w+)", source.read(), re.M)
        tests = ["%s.%s::%s" % (folder, file, name) for name in names]
        assert fnmatch.filter(tests, pattern), pattern


def test_a_lane_that_is_none_is_told(capsys):
    with pytest.raises(SystemExit) as error:
        main(["newest"])
    assert error.value.code == 2
    assert "newest is not one of oldest, first" in capsys.readouterr().err
