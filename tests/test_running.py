"""Which tests are run first, and which by one worker."""

import ast
import glob
import os

import pytest

from tests.support import CHECKOUT, running


def asked_for(path):
    """The names of the fixtures that a file's tests and fixtures ask for."""
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            fixture = any("fixture" in ast.dump(one) for one in node.decorator_list)
            if fixture or node.name.startswith("test_"):
                yield from (one.arg for one in node.args.args)


def test_who_wants_the_stack_of_the_session_is_listed():
    paths = glob.glob(os.path.join(CHECKOUT, "tests", "e2e", "test_*.py"))
    found = {
        os.path.relpath(path, CHECKOUT)
        for path in paths
        if {"stack", "page"} & set(asked_for(path))
    }
    assert found == set(running.STACK)


def test_what_is_listed_is_there():
    for path in running.SLOW:
        assert os.path.exists(os.path.join(CHECKOUT, path)), path


@pytest.mark.parametrize("value", ["\xe9" * 300, b"\0" * 300])
def test_a_long_value_is_not_in_the_name(value, request):
    assert len(request.node.name) < 150
    assert request.node.name.endswith("... 300 long]")


def test_names_are_short(request):
    """Of all tests that were collected with this one."""
    assert [item.nodeid[:200] for item in request.session.items if len(item.nodeid) > 500] == []
