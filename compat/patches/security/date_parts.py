"""
Refuse a part of a date that is not a word in Extract(lookup_name) and Trunc(kind).

It goes into the SQL as it is: one taken from a request is SQL injection. Anything but letters,
digits, "_", "-" and parentheses is now a ValueError (CVE-2022-34265).
https://www.djangoproject.com/weblog/2022/jul/04/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="Trunc('day', request.GET['kind']) is SQL injection",
    cves=("CVE-2022-34265",),
)


@patch.when_imported("django.db.models.functions.datetime")
def repair(functions):
    import re

    allowed = re.compile(r"[\w()-]+")

    def checked(expression, attribute):
        as_sql = vars(expression).get("as_sql")
        names = getattr(as_sql, "__code__", None) and as_sql.__code__.co_names or ()
        patch.expect(attribute in names, "%s has another as_sql()" % expression.__name__)

        @functools.wraps(as_sql)
        def checked_as_sql(self, *args, **kwargs):
            part = getattr(self, attribute)
            if not allowed.fullmatch(part):
                raise ValueError("%s of %r is not valid" % (attribute, part))
            return as_sql(self, *args, **kwargs)

        patch.replace(expression, "as_sql", checked_as_sql)

    checked(functions.Extract, "lookup_name")
    checked(functions.TruncBase, "kind")
