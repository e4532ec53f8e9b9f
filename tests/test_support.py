"""What tests share is in tests/support, and a server is started by the path that is found there."""

import ast
import glob
import os

import pytest

from tests.support import CHECKOUT

SERVERS = "nginx redis-server redis-cli valkey-server uwsgi initdb postgres psql mysqld mariadbd"
SERVERS = set(SERVERS.split()) | {"memcached", "chromium", "openssl", "daphne", "supervisord"}
# Where another suite's modules are named as its own runner names them.
SHIMS = os.path.join("tests", "labs", "third_party", "shims")


def wrong(text):
    """(line, what is wrong) for each import and command that should go through tests/support."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            names = (node.module or "").split(".") + [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [part for alias in node.names for part in alias.name.split(".")]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.List):
            word = literal(node.args[0].elts[:1])
            if isinstance(word, str) and word in SERVERS:
                yield node.lineno, "starts %s by name" % word
            continue
        else:
            continue
        for name in names:
            if name == "conftest" or (isinstance(node, ast.ImportFrom) and is_test(node, name)):
                yield node.lineno, "imports from " + name


def literal(nodes):
    """The value of the first of some expressions; None when it is computed, or there is none."""
    try:
        return ast.literal_eval(nodes[0])
    except (ValueError, IndexError):
        return None


def is_test(node, name):
    """Whether an import is of a test module, or from one."""
    return name.startswith("test_") and name in (node.module or "").split(".")


def test_every_file():
    found = []
    for path in glob.glob(os.path.join(CHECKOUT, "tests", "**", "*.py"), recursive=True):
        name = os.path.relpath(path, CHECKOUT)
        if name.startswith(SHIMS):
            continue
        with open(path, encoding="utf-8") as file:
            found += ["%s:%d %s" % ((name,) + one) for one in wrong(file.read())]
    assert found == []


@pytest.mark.parametrize(
    "code, says",
    [
        ("from .conftest import site", "imports from conftest"),
        ("import tests.e2e.conftest", "imports from conftest"),
        ("from tests.deploy.test_runner import run", "imports from test_runner"),
        ("from .test_render import check", "imports from test_render"),
        ("run(['redis-cli', '-p', port])", "starts redis-cli by name"),
        ("from tests.support import servers", None),
        ("run([binaries.nginx(), '-t'])", None),
    ],
)
def test_it_is_noticed(code, says):
    assert [what for _, what in wrong(code)] == ([says] if says else [])
