"""
Answer 400 to a multipart form whose Content-Type is not ASCII.

The UnicodeEncodeError was raised anew by every report of it, until there was no answer at all.
https://github.com/django/django/blob/1.11.29/django/http/multipartparser.py#L66
"""

import functools

from ...patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a multipart form with a byte beyond ASCII in its Content-Type gets no answer",
)


@patch.when_imported("django.http.multipartparser")
def repair(parser):
    stock = vars(parser.MultiPartParser).get("__init__")
    patch.expect("content_type" in stock.__code__.co_varnames, "forms begin in another way")

    @functools.wraps(stock)
    def __init__(self, META, *args, **kwargs):
        try:
            META.get("CONTENT_TYPE", "").encode("ascii")
        except UnicodeEncodeError:
            raise parser.MultiPartParserError("The Content-Type of the form is not ASCII")
        stock(self, META, *args, **kwargs)

    patch.replace(parser.MultiPartParser, "__init__", __init__)
