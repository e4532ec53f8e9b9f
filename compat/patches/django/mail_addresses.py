"""
Take mail addresses as written in settings and calls where Python's parser has become strict.

`a@x.org <a@x.org>`, `Doe, J <j@x.org>`: the address is what stands in the brackets. Of anything
else that Python refuses, the first address counts, as before.
https://github.com/python/cpython/issues/102988
"""

from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="no mail from 'a@x.org <a@x.org>' is sent: HeaderParseError or IndexError",
)

NOTHING = ("", "")


@patch.when_imported("django.core.mail.message")
def repair(message):
    strict, strict_list = message.parseaddr, message.getaddresses
    if strict("a@x.org <a@x.org>") != NOTHING:
        raise NotNeeded("Python's parser takes them")
    patch.expect(strict("a@x.org, ", strict=False)[1] == "a@x.org", "no lenient parser is left")

    def parseaddr(address, **options):
        found = strict(address, **options)
        if found != NOTHING:
            return found
        name, opening, inner = address.strip().rpartition("<")
        if opening and inner.endswith(">"):
            return name.strip(), inner[:-1].strip()
        return strict(address, strict=False)

    def getaddresses(values, **options):
        found = strict_list(values, **options)
        return strict_list(values, strict=False) if found == [NOTHING] else found

    patch.replace(message, "parseaddr", parseaddr)
    patch.replace(message, "getaddresses", getaddresses)
