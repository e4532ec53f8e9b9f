"""The tags of templates, and docs/guide/streams.md: its code is what it says."""

import os
import re

import pytest
from django.template import Context, Template

from compat.streams import epochs
from compat.streams.many import StreamsConsumer
from tests.support import CHECKOUT, javascript
from tests.support.fixtures import or_skip
from tests.support.sessions import blocks

HERE = os.path.dirname(os.path.abspath(__file__))
STREAMS = os.path.join(CHECKOUT, "compat", "streams", "static", "streams", "streams.js")
with open(os.path.join(CHECKOUT, "docs", "guide", "streams.md"), encoding="utf-8") as file:
    PAGE = file.read()


def render(text, **context):
    return Template("{% load bridge_streams static %}" + text).render(Context(context))


class Request:
    csp_nonce = 'n"1'


def test_the_tag_of_the_script():
    script = '<script src="/static/streams/streams.js"'
    assert render("{% streams_script %}") == script + "></script>"
    assert render("{% streams_script url=url %}", url="/ws/a&b/") == (
        script + ' data-url="/ws/a&amp;b/"></script>'
    )
    with_nonce = script + ' nonce="n&quot;1"></script>'
    assert render("{% streams_script %}", request=Request()) == with_nonce
    assert render("{% streams_script %}", csp_nonce='n"1') == with_nonce


def test_the_tag_of_a_cursor(monkeypatch):
    found = {"a": epochs.Position(7, "e1"), "b": epochs.NOWHERE}
    monkeypatch.setattr(epochs, "position", found.get)
    assert render("{% stream_cursor 'a' %} {% stream_cursor name %}", name="b") == "e1:7 0"


@pytest.mark.parametrize("number", range(2))
def test_the_consumers_of_the_page(number):
    code = blocks(PAGE, "python")[number]
    names = {}
    exec(compile(code.replace("django_bridge", "compat"), "streams.md", "exec"), names)  # noqa: S102
    assert "websocket" in names["application"].application_mapping
    if "Live" in names:
        assert issubclass(names["Live"], StreamsConsumer) and len(names["Live"].routes) == 4


def test_the_presence_of_the_page():
    names = {}
    code = blocks(PAGE, "python")[2].replace("django_bridge", "compat")
    exec(compile(code, "streams.md", "exec"), names)  # noqa: S102
    assert names["Comments"].presence is True
    assert [route.presence for route in names["Live"].routes] == [True, names["shown"]]


def test_the_scripts_of_the_page():
    """They run; four open a socket each, and one is what such a script says of presence."""
    scripts = [os.path.join(HERE, "browser.js"), STREAMS]
    codes = blocks(PAGE, "js")
    opened = or_skip(lambda: javascript.evaluate(scripts, "".join(codes) + "; sockets.length"))
    assert (opened, len(codes)) == (4, 5)


def test_the_templates_of_the_page_render():
    for html in blocks(PAGE, "html"):
        assert re.search(r"/static/streams/streams\.(module\.)?js", render(html))
