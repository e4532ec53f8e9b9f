"""
Wrap text in linear time: `wrap()` and the filter `wordwrap` copied what was left for each line.

What comes out is the same.
https://www.djangoproject.com/weblog/2025/mar/06/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="wordwrap of some megabytes in one line takes minutes",
    cves=("CVE-2025-26699",),
)


@patch.when_imported("django.utils.text")
def repair(text_module):
    stock = text_module.wrap

    @functools.wraps(stock)
    def wrap(text, width):
        if width < 0:
            return stock(text, width)
        return "".join(lines(text_module.force_text(text), width))

    patch.replace_everywhere(text_module, "wrap", text_module.keep_lazy_text(wrap))


def lines(text, width):
    """Yield the lines, each but a last one with its newline."""
    for line in text.splitlines(True):
        start = 0
        while len(line) - start > width:
            space = line.rfind(" ", start, start + width + 1)
            if space < 0:
                space = line.find(" ", start + width)
            if space < 0:
                break
            yield line[start:space] + "\n"
            start = space + 1
        yield line[start:]
