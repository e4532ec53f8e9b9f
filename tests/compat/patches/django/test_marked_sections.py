from html.parser import HTMLParser

from tests.support.probe import probe, prove, source

NAME = "django.marked_sections"


@source
def code_probe():
    from django.utils.html import strip_tags

    for text in ["a<![foo]>b", "a<![ 1]>b<i>c", "a<![foo]><b>c</b> & d", "a<![]>b", "a<![%]>b"]:
        try:
            print(strip_tags(text), end="|")
        except (AssertionError, NotImplementedError):
            print("error", end="|")


def fails():
    try:
        HTMLParser().feed("<![foo]>")
    except (AssertionError, NotImplementedError):
        return True
    return False


def test_what_is_no_section_is_left_out():
    prove(NAME, code_probe, good="ab|abc|ac & d|ab|ab|", bad="error|" * 5, needed=fails())


def test_sections_and_what_has_no_end_are_as_before():
    @source
    def code():
        from django.utils.html import strip_tags

        for text in [
            "a<![CDATA[<b>]]>c",
            "<![if !x]>a<![endif]>b",
            "a<![CDATA[b",
            "a<!-- b -->c",
            "a < b",
        ]:
            print(strip_tags(text), end="|")

    ours, stock = probe(code), probe(code, disable=NAME)
    assert ours.said and ours.said == stock.said, ours.error
