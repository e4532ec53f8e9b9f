"""
Let `strip_tags()` take "<![foo]>" for a comment, as browsers do.

Python's HTMLParser ends with an exception at what it does not know there, until its security
releases of 2025: one comment with that in it was an error 500 for all who read the page.
https://github.com/python/cpython/issues/77057
"""

from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="striptags of '<![foo]>' causes error 500",
)


@patch.when_imported("django.utils.html")
def repair(html):
    stripper, parser = html.MLStripper, html.HTMLParser
    patch.expect(stripper.__bases__ == (parser,), "MLStripper looks different")
    failures = AssertionError, NotImplementedError  # the latter before Python 3.10

    try:
        stripper().feed("<![a b]>")
        raise NotNeeded("HTMLParser knows what to do")
    except failures:
        pass

    def parse_marked_section(self, start, report=1):
        try:
            return parser.parse_marked_section(self, start, report)
        except failures:
            return self.parse_bogus_comment(start, 0)

    patch.add(stripper, "parse_marked_section", parse_marked_section)
