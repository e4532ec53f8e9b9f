"""What type checkers are told of the package's own __init__ is what is there."""

import ast
import inspect
import os
import subprocess
import sys

import pytest

import compat
from tests.support import CHECKOUT

STUB = os.path.join(CHECKOUT, "compat", "__init__.pyi")


@pytest.fixture(scope="module")
def stub():
    with open(STUB) as file:
        return ast.parse(file.read())


def test_the_stub_has_the_functions_that_are_there(stub):
    told = {
        node.name: [argument.arg for argument in node.args.args]
        for node in stub.body
        if isinstance(node, ast.FunctionDef)
    }
    there = {
        name: list(inspect.signature(value).parameters)
        for name, value in vars(compat).items()
        if inspect.isfunction(value) and value.__module__ == "compat"
    }
    assert told == there and set(compat.__all__) <= set(told)


def test_the_stub_has_the_keys_of_a_report(stub):
    (record,) = [node for node in stub.body if isinstance(node, ast.ClassDef)]
    told = {line.target.id: ast.dump(line.annotation) for line in record.body}
    one = compat.report()[0]
    assert set(told) == set(one)
    assert {name for name, kind in told.items() if "'str'" in kind and "list" not in kind} == {
        name for name, value in one.items() if isinstance(value, str)
    }


def test_every_package_says_that_it_has_types():
    for package in ("compat", "deploy_conf"):
        assert os.path.exists(os.path.join(CHECKOUT, package, "py.typed"))


def test_a_start_imports_nothing_for_types():
    """Not even what switches of patches are made of."""
    code = (
        "import sys; before = set(sys.modules); import compat; compat.install(); "
        "import compat.patching.switches; "
        "print(sorted({'typing', 're', 'logging', 'inspect', 'ipaddress'} & "
        "(set(sys.modules) - before)))"
    )
    said = subprocess.check_output(
        [sys.executable, "-S", "-c", code],
        env=dict(os.environ, PYTHONPATH=CHECKOUT),
        universal_newlines=True,
    )
    assert said == "[]\n"
