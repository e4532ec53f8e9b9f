"""
Offer `cgi.escape()`, `parse_qs()` and `parse_qsl()` again.
https://docs.python.org/3/whatsnew/3.8.html#api-and-feature-removals
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.8",
    symptom="an older library fails: module 'cgi' has no attribute 'escape'",
)


@patch.when_imported("cgi")
def repair(cgi):
    from html import escape as escape_html
    from urllib import parse

    def escape(s, quote=None):
        """Replace &, < and >, and with `quote` the double quote too; never the single one."""
        s = escape_html(s, quote=False)
        return s.replace('"', "&quot;") if quote else s

    patch.add(cgi, "escape", escape)
    patch.add(cgi, "parse_qs", parse.parse_qs)
    patch.add(cgi, "parse_qsl", parse.parse_qsl)
