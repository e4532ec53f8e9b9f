"""How many characters are copied for a header that comes many times, and what becomes of it."""

from tests.support.probe import DJANGO, prove, source

NAME = "channels.request_headers"


@source(DJANGO)
def request():
    from channels.http import AsgiRequest

    def meta(*headers):
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": b"a=1",
            "headers": list(headers),
        }
        request = AsgiRequest(scope, b"")
        assert request.scope is scope and list(scope["headers"]) == list(headers)
        return request.META


# Counts what is before each value when the two are put together.
@source(request)
def counted(meta):
    copied = [0]

    class Text(str):
        def __radd__(self, before):
            copied[0] += len(before)
            return str(before) + str(self)

    class Value(bytes):
        def decode(self, *arguments):
            return Text(bytes.decode(self, *arguments))

    def cost(count):
        copied[0] = 0
        assert len(meta(*[(b"x-many", Value(b"v" * 9))] * count)["HTTP_X_MANY"]) == 10 * count - 1
        return copied[0]

    ratio = cost(4000) / (cost(1000) or 1)
    print("quadratic" if ratio > 8 else "linear" if cost(4000) <= 4000 * 10 else ratio)


def test_one_header_many_times_takes_linear_time():
    prove(NAME, counted, good="linear", bad="quadratic")


def test_an_underscore_is_no_hyphen():
    code = request + (
        "print(meta((b'x_forwarded_for', b'forged'), (b'x-forwarded-for', b'true'))"
        "['HTTP_X_FORWARDED_FOR'], 'HTTP_X_Y' in meta((b'x_y', b'1')))"
    )
    prove(NAME, code, good="true False", bad="forged,true True")


def test_cookies_in_two_headers_are_all_there():
    @source(request)
    def code(meta):
        from django.http import parse_cookie

        print(
            sorted(parse_cookie(meta((b"cookie", b"a=1; b=2"), (b"cookie", b"c=3"))["HTTP_COOKIE"]))
        )

    prove(NAME, code, good="['a', 'b', 'c']", bad="['a', 'b']")


def test_other_headers_are_what_they_were():
    @source(request)
    def code(meta):
        found = meta(
            (b"host", b"a"),
            (b"accept", b"x"),
            (b"content-length", b"0"),
            (b"accept", b"y, z"),
            (b"content-type", b"text/plain; charset=latin-1"),
            (b"x-\xe9", b"\xff"),
            (b"e", b""),
        )
        print(
            ascii(sorted((k, v) for k, v in found.items() if k.startswith(("HTTP_", "CONTENT_"))))
        )

    said = (
        r"[('CONTENT_LENGTH', '0'), ('CONTENT_TYPE', 'text/plain; charset=latin-1'), "
        r"('HTTP_ACCEPT', 'x,y, z'), ('HTTP_E', ''), ('HTTP_HOST', 'a'), ('HTTP_X_\xc9', '\xff')]"
    )
    prove(NAME, code, good=said, bad=said)
