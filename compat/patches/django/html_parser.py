"""
Let `strip_tags()` keep the text behind a "<" that opens nothing, as it did.

Python's HTMLParser drops what is left open at the end since its security releases of 2025, and
reads the content of more elements as text; their latest add a ";" to a "&" at the end.
https://github.com/python/cpython/issues/135462
"""

from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="striptags loses the end of a text: of 'hi, <f x' only 'hi, ' is left",
)

CDATA = ("script", "style")
MAX_RESTARTS = 50  # each may read all of the rest


@patch.when_imported("django.utils.html")
def repair(html):
    stripper, parser = html.MLStripper, html.HTMLParser
    patch.expect(stripper.__bases__ == (parser,), "MLStripper looks different")

    def text_of(value):
        found = stripper()
        found.feed(value)
        found.close()
        return found.get_data()

    if text_of("a<b") == "a<b" and text_of("<title><b></title>") == "":
        raise NotNeeded("HTMLParser keeps the text")

    def set_cdata_mode(self, element, **options):
        if element.lower() in CDATA:
            parser.set_cdata_mode(self, element, **options)

    def close(self):
        keep_the_rest(self)
        parser.close(self)

    patch.add(stripper, "set_cdata_mode", set_cdata_mode)
    patch.add(stripper, "close", close)
    patch.expect(text_of("a<b") == "a<b", "HTMLParser works differently")


def keep_the_rest(parser):
    """Hand on as text what HTMLParser would drop at its end."""
    if parser.cdata_elem:
        parser.rawdata = ""  # a script without an end is no text
    for _ in range(MAX_RESTARTS):
        rest = parser.rawdata
        if not rest.startswith("<"):
            break
        # What is no tag may end where it seems to: tags may follow.
        end = rest.find(">") + 1 or len(rest)
        parser.handle_data(rest[:end])
        parser.rawdata = rest[end:]
        parser.goahead(0)
    rest = parser.rawdata
    if rest.startswith("&"):
        # Of "&" and one letter the old parser kept the letter.
        parser.handle_data(rest[1:] if len(rest) == 2 and rest[1].isalpha() else rest)
        parser.rawdata = ""
