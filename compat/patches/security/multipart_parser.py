"""
Let no upload hang or overload the parser of multipart forms.

A file in base64 that ends within a group of four characters made it read for ever
(CVE-2022-23833), one that is mostly whitespace took it quadratic time (CVE-2026-33033), and
neither the files of a form nor its parts without a name were counted (CVE-2023-24580). The setting
DATA_UPLOAD_MAX_NUMBER_FILES, as in later releases, is how many files one request may have: 100
unless set, None for any number; more are answered with 400. In the environment it is
COMPAT_DATA_UPLOAD_MAX_NUMBER_FILES.
https://www.djangoproject.com/weblog/2023/feb/14/security-releases/
"""

import functools

from ..._kinds import Number
from ...patching.patch import Patch
from ...patching.switches import Switch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="one small upload keeps a thread busy for ever, or opens thousands of files",
    cves=("CVE-2022-23833", "CVE-2023-24580", "CVE-2026-33033"),
)

limit = Switch(
    "DATA_UPLOAD_MAX_NUMBER_FILES",
    100,
    Number("files", none="any number", texts=True),
    text="How many files one request may have, as in later releases of Django; more are answered "
    "with 400.",
    reopens=["CVE-2023-24580"],
    at=None,
)


@patch.when_imported("django.http.multipartparser")
def repair(parser):
    from django.core import exceptions

    class TooManyFilesSent(exceptions.SuspiciousOperation):
        """More files than settings.DATA_UPLOAD_MAX_NUMBER_FILES."""

    TooManyFilesSent.__module__ = exceptions.__name__
    patch.add(exceptions, "TooManyFilesSent", TooManyFilesSent)

    parts = vars(parser.Parser).get("__iter__")
    parse = vars(parser.MultiPartParser).get("parse")
    names = getattr(parse, "__code__", None) and parse.__code__.co_names or ()
    patch.expect(
        {"Parser", "exhaust", "b64decode"} <= set(names), "the parser reads its parts differently"
    )
    exhaust = parser.exhaust

    def counted_parts(self):
        return counted(parts(self), parser)

    def exhaust_raw(stream_or_iterable):
        exhaust(getattr(stream_or_iterable, "base64_stream", stream_or_iterable))

    def closing_parse(self):
        try:
            return parse(self)
        except Exception:
            # The request will never have them, and the traceback would keep them open.
            for _, files in self._files.lists() if hasattr(self, "_files") else ():
                for file in files:
                    file.close()
            raise

    patch.replace(parser.Parser, "__iter__", counted_parts)
    patch.replace_everywhere(parser, "exhaust", exhaust_raw)
    patch.replace(parser.MultiPartParser, "parse", closing_parse)


def counted(parts, parser):
    """The parts of a form, files of base64 in whole groups; an error when they are too many."""
    from django.core import exceptions

    max_files = limit()
    max_fields = parser.settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    files = others = 0
    for kind, headers, stream in parts:
        if kind == parser.FILE:
            files += 1
            if max_files is not None and files > max_files:
                raise exceptions.TooManyFilesSent(
                    "The form has more files than settings.DATA_UPLOAD_MAX_NUMBER_FILES."
                )
            if headers.get("content-transfer-encoding", ("",))[0].strip() == "base64":
                stream = Base64Groups(stream, parser.MultiPartParserError)
        else:
            others += 1
            # Two: what is before the first boundary and after the last counts here as well.
            if max_fields is not None and others > max_fields + 2:
                raise exceptions.TooManyFieldsSent(
                    "The form has more parts than settings.DATA_UPLOAD_MAX_NUMBER_FIELDS."
                )
        yield kind, headers, stream


@patch.when_imported("django.http.request")
def mark_the_post(request):
    from django.core import exceptions

    load = vars(request.HttpRequest).get("_load_post_and_files")
    patch.expect(load and hasattr(request.HttpRequest, "_mark_post_parse_error"), "it is different")
    patch.expect(hasattr(exceptions, "TooManyFilesSent"), "files are not counted")

    @functools.wraps(load)
    def load_post_and_files(self):
        try:
            return load(self)
        except exceptions.TooManyFilesSent:
            # The handler of the error may look at POST again.
            self._mark_post_parse_error()
            raise

    patch.replace(request.HttpRequest, "_load_post_and_files", load_post_and_files)


class Base64Groups(object):
    """
    Iterates over a stream of base64, without its whitespace, in whole groups of four characters.

    error: raised where the stream ends within a group. Never holds more than a chunk of the
    stream.
    """

    def __init__(self, stream, error):
        self.base64_stream = stream
        self._error = error

    def __getattr__(self, name):
        return getattr(self.base64_stream, name)

    def __iter__(self):
        rest = b""
        for chunk in self.base64_stream:
            chunk = rest + b"".join(chunk.split())
            whole = len(chunk) - len(chunk) % 4
            rest = chunk[whole:]
            if whole:
                yield chunk[:whole]
        if rest:
            raise self._error("Could not decode base64 data: it ends too early")
