"""What tests share is in tests/support, and a server is started by the path that is found there."""

import ast
import glob
import os

import pytest

from tests.support import CHECKOUT, crawl

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


@pytest.mark.source
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


STOCK = """<div id="content-main">%s<div class="app-auth module"><table><tr><th>
<a href="/admin/auth/user/">Users</a></th></tr></table></div></div>"""
APP = """<div class="app-streams module"><table>
<caption><a href="/admin/streams/">Streams</a></caption>
<tr><th><a href="/admin/streams/stream/">Streams</a></th><td><br>
<a href="/admin/streams/stream/add/">Add</a></td></tr></table></div>"""
MENU = """<ul>%s<li><a href="#">Users</a><ul><li class="first"><a
  href="/admin/auth/user/">Users</a></li></ul></li></ul>"""
ENTRY = """<li><a href="#">Streams</a><ul><li class="first"><a
  href="/admin/streams/stream/">Streams</a></li></ul></li>"""
MIXED = '<ul><li><a href="/admin/auth/user/">Users</a></li>%s</ul>'


@pytest.mark.parametrize(
    "page, added",
    [
        (STOCK, APP),
        (MENU, ENTRY),
        (MIXED, '<li><a href="/admin/streams/stream/">Streams</a></li>'),
        ("<p>\n%s<a href='/'>home</a></p>", "<option>streams | stream | Can change</option>\n"),
        (STOCK % "%s" + MENU % "", APP + ENTRY),
    ],
)
def test_a_page_without_the_streams_in_the_admin(page, added):
    def seen(text):
        return {"/admin/": (200, [], text), "/admin/streams/stream/": (200, [], text)}

    before, after = (crawl.without_streams(seen(page % more)) for more in ("", added))
    assert list(after) == ["/admin/"] and crawl.differences(before, after) == []
    other = added.replace("/streams/", "/others/").replace("streams | ", "others | ")
    assert crawl.differences(before, crawl.without_streams(seen(page % other)))
