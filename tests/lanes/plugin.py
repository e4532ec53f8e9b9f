"""pytest's plugin in a lane: no symptom may show where its patch is not for what is installed."""

import pytest

from tests.compat.patches.probe import applies


def pytest_collection_modifyitems(items):
    for item in items:
        folder, file = item.nodeid.partition("::")[0].split("/")[-2:]
        name = "%s.%s" % (folder, file[len("test_") : -len(".py")])
        if item.name.startswith("test_without_the_patch") and not applies(name):
            item.add_marker(pytest.mark.xfail(strict=True, reason="nothing to repair here"))
