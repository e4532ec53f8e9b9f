"""What a file's last test has to know of the others."""

import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Note in the module which of its tests were skipped, for want of a server."""
    outcome = yield
    if outcome.get_result().skipped:
        vars(item.module).setdefault("SKIPPED", set()).add(item.name)
