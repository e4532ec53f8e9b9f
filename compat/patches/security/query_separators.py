"""
Separate the parameters of a query or a form by "&" only, no more by ";".

A cache in front of the site that knows only "&" takes "a=1;b=2" for one parameter, and can be made
to serve one client's answer to all (CVE-2021-23336). The setting COMPAT_SEMICOLON_SEPARATOR = True
is for where links with ";" must work on and nothing caches in front of the site.
https://www.djangoproject.com/weblog/2021/feb/19/security-releases/
"""

from ...patching.patch import Patch
from ...patching.switches import Switch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="?a=1;b=2 has two parameters here and one in the cache in front of the site",
    cves=("CVE-2021-23336",),
)

semicolons = Switch(
    "COMPAT_SEMICOLON_SEPARATOR",
    text="True: a semicolon separates the parameters of queries and forms, as & does. A cache in "
    "front of the site that knows only & can then be made to serve one client's page to others.",
    reopens=patch.cves,
)


@patch.when_imported("django.utils.http")
def repair(http):
    stock = getattr(http, "FIELDS_MATCH", None)
    patch.expect(getattr(stock, "pattern", None) == "[&;]", "parameters are split differently")
    patch.expect("FIELDS_MATCH" in http.limited_parse_qsl.__code__.co_names, "not by FIELDS_MATCH")

    class Separator(object):
        """Where the expression was that separates parameters."""

        pattern = "[&]"

        def split(self, string, maxsplit=0):
            if ";" in string and semicolons():
                return stock.split(string, maxsplit)
            return string.split("&", maxsplit or -1)

    patch.replace_everywhere(http, "FIELDS_MATCH", Separator())
