"""
Split the parameters of a header in linear time, in multipart forms and in `cgi.parse_header()`.

Both count all quotation marks again at each semicolon, and copy what is left for each parameter.
Django's requests and those of channels give every Content-Type to the latter (CVE-2026-84429).
https://docs.djangoproject.com/en/dev/releases/security/
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="one header of 64 kB with many semicolons in quotation marks costs seconds",
    cves=("CVE-2026-84429",),
)


@patch.when_imported("django.http.multipartparser")
def repair(parser):
    stock = getattr(parser, "_parse_header_params", None)
    patch.expect(argument_count(stock) == 1, "headers are parsed differently")

    def _parse_header_params(s):
        return list(split(s, b";", b'"', None))

    patch.replace(parser, "_parse_header_params", _parse_header_params)


@patch.when_imported("cgi")
def repair_cgi(cgi):
    stock = getattr(cgi, "_parseparam", None)
    patch.expect(argument_count(stock) == 1, "headers are parsed differently")

    def _parseparam(s):
        return split(s, ";", '"', '\\"')

    patch.replace(cgi, "_parseparam", _parseparam)


def argument_count(function):
    return getattr(getattr(function, "__code__", None), "co_argcount", None)


def split(text, semicolon, quote, escaped):
    """
    Yield what is between semicolons that an even number of quotation marks stands before, stripped.

    text: str or bytes; starts with a semicolon, or nothing is yielded. escaped: a quotation mark
    that does not count, or None.
    """
    if text[:1] != semicolon:
        return
    start = counted = 1
    quotes = 0
    while True:
        end = text.find(semicolon, counted)
        last = end < 0
        if last:
            end = len(text)
        quotes += text.count(quote, counted, end)
        if escaped:
            quotes -= text.count(escaped, counted, end)
        if last or not quotes % 2:
            yield text[start:end].strip()
            if last:
                return
            start, quotes = end + 1, 0
        counted = end + 1
