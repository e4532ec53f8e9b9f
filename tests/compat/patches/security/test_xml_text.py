from tests.support.probe import DJANGO, prove, source
from tests.support.probe_parts import same

NAME = "security.xml_text"


@source(DJANGO)
def code_probe():
    global minidom, xml_serializer
    from xml.dom import minidom

    from django.core import serializers
    from django.core.serializers import xml_serializer

    def xml(value):
        return (
            '<django-objects version="1.0"><object model="auth.user" pk="1">'
            '<field name="username">%s</field></object></django-objects>' % value
        )

    def nested(depth):
        return xml("<n>" * depth + "x" + "</n>" * depth)

    def load(text):
        found = list(serializers.deserialize("xml", text))
        return found[0].object.username


def test_text_is_put_together_once():
    """Counts what the function and those it calls hold when they return: characters, and parts."""

    @source(code_probe)
    def code(minidom, xml_serializer):
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

        def held(n):
            total = [0]

            def trace(frame, event, argument):
                if event == "return":
                    found = list(frame.f_locals.values()) + [argument]
                    total[0] += sum(len(value) for value in found if isinstance(value, (str, list)))
                return trace

            root = tree(n)
            sys.settrace(trace)
            try:
                text = xml_serializer.getInnerText(root)
            finally:
                sys.settrace(None)
            assert text == "x" * n * 40
            return total[0]

        ratio = held(200) / held(100)
        print("linear" if ratio < 2.2 else "quadratic" if ratio > 3 else ratio)

    prove(NAME, code, good="linear", bad="quadratic")


def test_a_very_deep_tree_has_a_text():
    @source(code_probe)
    def code(minidom, xml_serializer):
        global _
        document = minidom.Document()
        node = root = document.createElement("n")
        for _ in range(50000):
            child = document.createElement("n")
            node.childNodes.append(child)
            node = child
        node.childNodes.append(document.createTextNode("x"))
        print(xml_serializer.getInnerText(root))

    prove(NAME, code, good="x", bad="RecursionError")


def test_a_deep_tree_is_built_in_linear_time():
    """Counts what is called: a stopwatch would need a depth that recursion elsewhere forbids."""

    @source(code_probe)
    def code(load, nested):
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

    prove(NAME, code, good="linear", bad="quadratic")


def test_fixtures_are_read_as_before():
    code = (
        code_probe
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
