"""
Offer `HTMLParser.unescape()` again.
https://docs.python.org/3/whatsnew/3.9.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.9",
    symptom="an older library fails: 'HTMLParser' object has no attribute 'unescape'",
)


@patch.when_imported("html.parser")
def repair(parser):
    def unescape(self, s):
        """The text with its character references replaced."""
        return parser.unescape(s)

    patch.add(parser.HTMLParser, "unescape", unescape)
