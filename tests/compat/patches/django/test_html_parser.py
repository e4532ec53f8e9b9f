from html.parser import HTMLParser

import pytest

from tests.support.probe import DJANGO, prove, source

NAME = "django.html_parser"


@source(DJANGO)
def code_probe():
    from django.template import Context, Engine

    template = Engine().from_string("{% autoescape off %}{{ text|striptags }}{% endautoescape %}")

    def strip(*texts):
        for text in texts:
            print(template.render(Context({"text": text})))


class Text(HTMLParser):
    def handle_data(self, data):
        self.text = getattr(self, "text", "") + data


def python_says(markup):
    parser = Text(convert_charrefs=False)
    parser.feed(markup)
    parser.close()
    return parser.text


LOSES_THE_END = python_says("a<b") != "a<b"


def test_text_behind_a_sign_that_opens_no_tag_is_kept():
    prove(
        NAME,
        code_probe + 'strip("<p>hi, <f x", "<p>1 <b", "<b>x</b> <!-- y", "<b>x</b> </p")',
        good="hi, <f x\n1 <b\nx <!-- y\nx </p",
        bad="hi, ",
        needed=LOSES_THE_END,
    )


def test_tags_after_such_a_sign_are_still_stripped():
    prove(
        NAME,
        code_probe + """strip('a<b c="d>e<i>f</i>', "<p>a<b 'c>d</p>e <i")""",
        good='a<b c="d>ef\nade <i',
        bad="a\nade",
        needed=LOSES_THE_END,
    )


def test_tags_in_a_title_or_a_text_area_are_stripped_and_scripts_are_no_text():
    markup = ["<%s>a<b>c</b></%s>d" % (tag, tag) for tag in ("title", "textarea", "iframe", "xmp")]
    markup += ["<plaintext>a<b>cd", "<script>if (a<b) {}</script>d", "<script>a<b>"]
    prove(
        NAME,
        code_probe + "strip(*%r)" % markup,
        good="acd\n" * 5 + "if (a<b) {}d",
        bad="if (a<b) {}d\na",  # the script without an end
        needed=LOSES_THE_END,
    )


def test_an_ampersand_at_the_end_gets_nothing_added():
    prove(
        NAME,
        code_probe + 'strip("<b>R&D</b> R&am", "<b>x</b> <f &amp", "<b>a &")',
        good="R&D; R&am\nx <f &amp\na &",
        bad="x ",
        needed=LOSES_THE_END,
    )


@pytest.mark.skipif(not LOSES_THE_END, reason="this Python's own parser is used")
def test_there_is_a_limit_to_reading_the_rest_again():
    @source(code_probe)
    def code():
        from django.utils import html

        read = []
        stock = html.MLStripper.goahead

        def goahead(self, end):
            read.append(len(self.rawdata))
            return stock(self, end)

        html.MLStripper.goahead = goahead
        html._strip_once("<i>" + "<!a" * 1000 + "<b '>" * 1000)
        print(len(read) < 60)

    prove(NAME, code, good="True", bad="True", needed=LOSES_THE_END)
