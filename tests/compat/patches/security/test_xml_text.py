from tests.compat.patches.probe import DJANGO, prove

from .probes import GROWTH, same

NAME = "security.xml_text"
CODE = (
    DJANGO
    + GROWTH
    + """
from xml.dom import minidom
from django.core import serializers
from django.core.serializers import xml_serializer

def xml(value):
    return ('<django-objects version="1.0"><object model="auth.user" pk="1">'
            '<field name="username">%s</field></object></django-objects>' % value)

def nested(depth):
    return xml("<n>" * depth + "x" + "</n>" * depth)

def load(text):
    found = list(serializers.deserialize("xml", text))
    return found[0].object.username
"""
)


def test_text_is_put_together_once():
    code = (
        CODE
        + """
import sys
sys.setrecursionlimit(100000)

def tree(n):
    document = minidom.Document()
    node = root = document.createElement("n")
    for _ in range(n):
        child = document.createElement("n")
        child.parentNode = node  # by hand: without its walk to the root
        node.childNodes.append(child)
        node = child
    node.childNodes.append(document.createTextNode("x" * n * 40))
    return root

print(linear(lambda root: xml_serializer.getInnerText(root), tree, 800, 50000))
"""
    )
    prove(NAME, code, good="done", bad="quadratic")


def test_a_deep_tree_is_built_in_linear_time():
    """Counts what is called: a stopwatch would need a depth that recursion elsewhere forbids."""
    code = (
        CODE
        + """
import sys

def steps(depth):
    lines = [0]

    def trace(frame, event, argument):
        if frame.f_code.co_name != "_in_document":
            return None
        lines[0] += 1
        return trace

    sys.settrace(trace)
    try:
        assert load(nested(depth)) == "x"
    finally:
        sys.settrace(None)
    return lines[0]

ratio = steps(400) / steps(200)
print("linear" if ratio < 2.2 else "quadratic" if ratio > 3 else ratio)
"""
    )
    prove(NAME, code, good="linear", bad="quadratic")


def test_fixtures_are_read_as_before():
    code = (
        CODE
        + """
values = ["", "plain", " a <b>c</b> d ", "<![CDATA[<x>]]>", "a<!-- no -->b", "<n>1<m>2</m>3</n>4",
          "<None/>", "&amp;&#233;", "a\\n b"]
for value in values:
    print(ascii(load(xml(value))))
print(load(nested(300)))
document = minidom.parseString("<a><b id='1'/></a>")
element = document.getElementsByTagName("b")[0]
element.setIdAttribute("id")
print(document.getElementById("1") is element)
element.setAttribute("id", "2")
print(document.getElementById("1"), document.getElementById("2") is element)
document.documentElement.removeChild(element)
print(document.getElementById("2"))
"""
    )
    same(NAME, code)
