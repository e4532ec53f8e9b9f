import sys

from tests.support.probe import prove, source


@source
def code():
    import html
    import html.parser

    class Parser(html.parser.HTMLParser):
        def handle_data(self, data):
            print(data, self.unescape("&lt;&#233;&nosuch;"))

    Parser().feed("<p>text</p>")
    print(html.parser.HTMLParser().unescape("&amp;amp;"), html.unescape("&gt;"))


def test_a_parser_replaces_character_references():
    prove(
        "python.html_unescape",
        code,
        good="text <é&nosuch;\n&amp; >",
        bad="has no attribute 'unescape'",
        needed=sys.version_info >= (3, 9),
    )
