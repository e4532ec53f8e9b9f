"""The reference site's pages from daphne's own command line, as the README shows it."""

import http.client
import os
import subprocess
import sys

import pytest

from tests.support import CHECKOUT
from tests.support.daphne import daphne


@pytest.mark.parametrize(
    "disabled, statuses",
    [("", [200] * 5), ("channels.request_finish", [200, 500, 500, 500, 500])],
)
def test_five_requests(tmp_path, disabled, statuses):
    environ = {"DEVOPS_VAR": str(tmp_path / "var"), "COMPAT_DISABLE": disabled}
    subprocess.check_call(
        [sys.executable, "manage.py", "migrate", "--noinput", "--verbosity", "0"],
        cwd=CHECKOUT,
        env=dict(os.environ, **environ),
    )
    answers = []
    with daphne(tmp_path, "devops.asgi:application", **environ) as address:
        for _ in range(5):
            connection = http.client.HTTPConnection(*address, timeout=20)
            connection.request("GET", "/accounts/login/")
            answers.append(connection.getresponse().status)
            connection.close()
    assert answers == statuses
