"""
Take no notice of what cannot be read in the headers of a multipart form; without a boundary, 400.

A Content-Type beyond ASCII, a parameter in an encoding that Python does not know, and an entity of
a character that does not exist were errors of the server, raised anew by every report of them: in
some sites there was no answer at all.
https://github.com/django/django/blob/1.11.29/django/http/multipartparser.py#L66
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a multipart form with an unreadable header causes error 500, or gets no answer",
)


@patch.when_imported("django.http.multipartparser")
def repair(parser):
    stock = vars(parser.MultiPartParser).get("__init__")
    parse_header = parser.parse_header
    patch.expect("content_type" in stock.__code__.co_varnames, "forms begin differently")

    @functools.wraps(parse_header)
    def parse_header_of_a_client(line):
        try:
            return parse_header(line)
        except LookupError as error:  # filename*=nonsense''a
            raise ValueError(str(error))  # for which a header is left out

    @functools.wraps(stock)
    def __init__(self, META, *args, **kwargs):
        try:
            stock(self, META, *args, **kwargs)
        except ValueError as error:
            raise parser.MultiPartParserError("The form's Content-Type cannot be read: %s" % error)

    patch.replace_everywhere(parser, "parse_header", parse_header_of_a_client)
    patch.replace(parser.MultiPartParser, "__init__", __init__)
    patch.replace(parser, "unescape_entities", careful(parser.unescape_entities))


def careful(unescape_entities):
    @functools.wraps(unescape_entities)
    def unescape_entities_of_a_client(text):
        try:
            return unescape_entities(text)
        except OverflowError:  # &#99999999999;
            return text

    return unescape_entities_of_a_client
