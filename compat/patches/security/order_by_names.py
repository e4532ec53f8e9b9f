"""
Refuse in order_by() whatever is neither "?" nor the name of a column.

Anything that began with a question mark passed for the random order, and what followed went into
SQL: a text from a request could read any table, one comparison a request, where the database takes
an unknown name in quotation marks for a string, as SQLite does. Django's repair of CVE-2021-35042,
made for later versions, checks the whole text; so does this.
https://www.djangoproject.com/weblog/2021/jul/01/security-releases/
"""

from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="order_by(request.GET['sort']) is SQL injection on SQLite",
    cves=("CVE-2021-35042",),
)


@patch.when_imported("django.db.models.sql.constants")
def repair(constants):
    import re

    stock = constants.ORDER_PATTERN
    patch.expect(stock.match("-a.b") and not stock.match("a b"), "names are checked differently")
    if not stock.match("?) --.x"):
        raise NotNeeded("the whole text is checked")
    whole = re.compile(r"(?:\?|[-+]?[.\w]+)\Z")
    patch.replace_everywhere(constants, "ORDER_PATTERN", whole)
