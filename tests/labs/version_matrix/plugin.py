"""pytest's plugin in a lane: no symptom may show where its patch is not for what is installed."""

import fnmatch
import os

import pytest

from tests.support.probe import LANE, applies

KNOWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "known.txt")


def pytest_collection_modifyitems(items):
    known = list(read(KNOWN))
    for item in items:
        folder, file = item.nodeid.partition("::")[0].split("/")[-2:]
        name = "%s.%s" % (folder, file[len("test_") : -len(".py")])
        test = "%s::%s" % (name, item.name)
        without = item.name.startswith("test_without_the_patch")
        reason = "nothing to repair here" if without and not applies(name) else ""
        for lanes, pattern, why in known:
            if LANE in lanes and fnmatch.fnmatchcase(test, pattern):
                reason = "" if without and why.startswith("unrepaired") else why
        if reason:
            run = not reason.startswith("hangs")
            item.add_marker(pytest.mark.xfail(strict=True, reason=reason, run=run))


def read(path):
    """Yield (names of lanes, pattern of tests, why) of each line."""
    with open(path) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                lanes, pattern, why = line.strip().split(None, 2)
                yield lanes.split(","), pattern, why
