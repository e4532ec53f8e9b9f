"""The same site on PostgreSQL, by one environment variable."""

import sys

import pytest

from tests.support.sites.stack import Stack
from tests.support.sites.tiny import SMALL


@pytest.fixture
def stack_on_postgresql(tmp_path, postgresql):
    stack = Stack(tmp_path / "var", DATABASE_URL=postgresql.new_url())
    stack.options = SMALL
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


def test_a_deployment_from_start_to_end(stack_on_postgresql):
    stack = stack_on_postgresql
    assert "postgresql" in stack.shell("from django.db import connection; print(connection.vendor)")
    code = "print('\\n'.join('line %d' % n for n in range(500)))"
    stack.service("lines", sys.executable, "-c", code)
    cookie = stack.login()
    with stack.socket("/ws/deploy/lines/?since=0", cookie) as socket:
        stack.start("lines", cookie)
        text, state = "", ""
        while state != "succeeded":
            for body in socket.receive().get("bodies", []):
                text += body.get("s", "")
                state = body.get("state", state)
    assert text.splitlines() == ["line %d" % number for number in range(500)]
