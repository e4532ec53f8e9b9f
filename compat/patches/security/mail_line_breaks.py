"""
Make a space of a vertical tab and other line breaks in a mail's header that are not CR or LF.

Python ends the line there: what came after one in a subject pushed the headers behind it into the
body, or failed with HeaderParseError. Its security releases of 2026 raise HeaderWriteError. Both
are no BadHeaderError, which is what callers expect.
https://github.com/python/cpython/issues/144125
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a vertical tab in a subject moves a mail's headers into its body, or fails",
)

BREAKS = "\x0b\x0c\x1c\x1d\x1e"


@patch.when_imported("django.core.mail.message")
def repair(message):
    stock = message.forbid_multi_line_headers
    spaces = {ord(character): " " for character in BREAKS}

    @functools.wraps(stock)
    def forbid_multi_line_headers(name, val, encoding):
        return stock(name, message.force_text(val).translate(spaces), encoding)

    patch.replace_everywhere(message, "forbid_multi_line_headers", forbid_multi_line_headers)
