"""
Group the digits of a long number in linear time, in `intcomma`.

It started again for each comma, and failed above 3000 digits. What comes out is the same, but for
localized numbers of more than 4300 digits: only old releases of Python still read these.
https://www.djangoproject.com/weblog/2024/feb/06/security-releases/
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="intcomma of a long string of digits: quadratic time, then RecursionError",
    cves=("CVE-2024-24680",),
)

MAX_DIGITS = 4300  # of int() itself since Python 3.7.14; without a limit it is quadratic


@patch.when_imported("django.contrib.humanize.templatetags.humanize")
def repair(humanize):
    import re

    stock, filters = humanize.intcomma, humanize.register.filters
    patch.expect(filters.get("intcomma") is stock, "the filter looks different")
    digits = re.compile(r"-?(\d+)")

    def intcomma(value, use_l10n=True):
        if humanize.settings.USE_L10N and use_l10n:
            try:
                if isinstance(value, (str, bytes)) and len(value) > MAX_DIGITS:
                    raise ValueError
                if not isinstance(value, (float, humanize.Decimal)):
                    value = int(value)
            except (TypeError, ValueError):
                pass
            else:
                return stock(value, use_l10n)
        return grouped(humanize.force_text(value), digits)

    patch.replace_everywhere(humanize, "intcomma", intcomma)
    filters["intcomma"] = humanize.intcomma


def grouped(text, digits):
    """The text with commas in the digits at its start. digits: what finds these."""
    match = digits.match(text)
    if not match:
        return text
    start, end = match.span(1)
    first = start + ((end - start) % 3 or 3)
    groups = [text[start:first]] + [text[n : n + 3] for n in range(first, end, 3)]
    return text[:start] + ",".join(groups) + text[end:]
