"""
Refuse names in annotate(), aggregate() and extra(select=) that could end the quoted name in SQL.

They are quoted by Django but not escaped: a name taken from a request is SQL injection. Quotation
marks, brackets, whitespace, control characters, semicolons, hashes and SQL comments in one are
now a ValueError (CVE-2022-28346, CVE-2025-59681).
https://www.djangoproject.com/weblog/2025/oct/01/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="annotate(**request.GET) is SQL injection",
    cves=("CVE-2022-28346", "CVE-2025-59681"),
)


@patch.when_imported("django.db.models.sql.query")
def repair(query):
    import re

    forbidden = re.compile(r"""['"`\[\];#\s\x00-\x1f\x7f-\x9f]|--|/\*|\*/""")
    add_annotation = vars(query.Query).get("add_annotation")
    add_extra = vars(query.Query).get("add_extra")
    patch.expect(
        arguments(add_annotation)[:3] == ("self", "annotation", "alias")
        and arguments(add_extra)[:2] == ("self", "select"),
        "Query takes its names differently",
    )

    def check(alias):
        if forbidden.search(str(alias)):  # it may be a lazy string
            raise ValueError(
                "%r is no name for a column: it has whitespace, a control character, a quotation "
                "mark, a bracket, a semicolon, a hash or an SQL comment in it" % alias
            )

    @functools.wraps(add_annotation)
    def checked_annotation(self, annotation, alias, *args, **kwargs):
        check(alias)
        return add_annotation(self, annotation, alias, *args, **kwargs)

    @functools.wraps(add_extra)
    def checked_extra(self, select, *args, **kwargs):
        for alias in select or ():
            check(alias)
        return add_extra(self, select, *args, **kwargs)

    patch.replace(query.Query, "add_annotation", checked_annotation)
    patch.replace(query.Query, "add_extra", checked_extra)


def arguments(function):
    code = getattr(function, "__code__", None)
    return code.co_varnames[: code.co_argcount] if code else ()
