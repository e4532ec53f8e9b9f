"""
Offer `locale.format()` again, and `resetlocale()`.
https://docs.python.org/3/whatsnew/3.12.html#removed
"""

from ...patching.patch import Patch

SPECIFIER = r"%(?:\([^)]*\))?[-#0 +*.\dhlL]*[diouxXeEfFgGcrs%]\Z"

patch = Patch(
    __name__,
    package="python",
    versions=">=3.12",
    symptom="an older library fails: module 'locale' has no attribute 'format'",
)


@patch.when_imported("locale")
def repair(locale):
    import re

    def format(percent, value, grouping=False, monetary=False, *additional):
        """One number as the locale writes it; ValueError unless `percent` is one specifier."""
        if not re.match(SPECIFIER, percent):
            raise ValueError("%r is not exactly one %%char format specifier" % (percent,))
        return locale._format(percent, value, grouping, monetary, *additional)

    def resetlocale(category=locale.LC_ALL):
        """Set the locale to the one that the environment names."""
        locale.setlocale(category, "")

    patch.expect(callable(locale._format), "there is no _format()")
    patch.add(locale, "format", format)
    patch.add(locale, "resetlocale", resetlocale)
