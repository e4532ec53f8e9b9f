"""Requests that nginx or uWSGI's site must refuse, or bear."""

from ..wire import request
from .case import Case, many

LOGIN = b" /accounts/login/ HTTP/1.1"
FORM = b"Content-Type: application/x-www-form-urlencoded"
MULTIPART = b"Content-Type: multipart/form-data; boundary=b"


def page(line=b"GET" + LOGIN, *more, **options):
    host = options.get("host", b"%HOST%")
    return request(line, *([host, b"Connection: close"] + list(more)))


def post(body, *more):
    # With a cookie: without one the check of its token ends before it reads the form.
    length = b"Content-Length: %d" % len(body)
    return page(b"POST" + LOGIN, b"%COOKIE%", length, *more) + body


def part(parameter):
    head = b'--b\r\nContent-Disposition: form-data; name="a"; ' + parameter
    return head + b"\r\n\r\nx\r\n--b--\r\n"


PAGES = [
    Case("nothing wrong", page(), 200, "-"),
    Case("headers of 30 kB", page(b"GET" + LOGIN, *many(2, 15000)), 200, "allowed"),
    Case("headers of 45 kB", page(b"GET" + LOGIN, *many(3, 15000)), 400, "nginx"),
    Case("headers of 60 kB", page(b"GET" + LOGIN, *many(4, 15000)), 400, "nginx"),
    Case("foreign Host", page(host=b"Host: elsewhere.example"), 400, "Django"),
    Case(
        "X-Forwarded-Host",
        page(b"GET" + LOGIN, b"X-Forwarded-Host: elsewhere.example"),
        200,
        "nginx overwrites it",
    ),
    Case(
        "Proxy", page(b"GET" + LOGIN, b"Proxy: http://elsewhere.example"), 200, "nginx empties it"
    ),
    Case("TRACE", page(b"TRACE" + LOGIN), 405, "nginx"),
    Case("method of 500 letters", page(b"F" * 500 + LOGIN), (403, 405), "Django"),
    Case(
        "cookie with bytes beyond ASCII",
        page(b"GET" + LOGIN, b"Cookie: a=\xff\xfe;;==;"),
        200,
        "Django",
    ),
    Case("path with bytes beyond ASCII", page(b"GET /\xff\xfe HTTP/1.1"), 404, "Django"),
    Case("path %00", page(b"GET /a%00b HTTP/1.1"), 400, "nginx"),
    Case("static/../../secret_key", page(b"GET /static/../../secret_key HTTP/1.1"), 400, "nginx"),
    Case(
        "static/..%2fsecret_key",
        page(b"GET /static/..%2fsecret_key HTTP/1.1"),
        404,
        "no such page: Django",
    ),
    Case(
        "static../secret_key",
        page(b"GET /static../secret_key HTTP/1.1"),
        404,
        "no such page: Django",
    ),
    Case("static/..\\secret_key", page(b"GET /static/..\\secret_key HTTP/1.1"), 404, "nginx"),
    Case(
        "7,000 parameters in the query",
        page(b"GET /accounts/login/?" + b"a&" * 7000 + b" HTTP/1.1"),
        400,
        "Django",
    ),
    Case(
        "3,000 semicolons in the query",
        page(b"GET /accounts/login/?" + b"a=1;" * 3000 + b" HTTP/1.1"),
        200,
        "one parameter",
    ),
    Case(
        "two lengths",
        page(b"POST" + LOGIN, b"Content-Length: 0", b"Content-Length: 1"),
        400,
        "nginx",
    ),
    Case(
        "length and chunks",
        page(b"POST" + LOGIN, b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
        400,
        "nginx",
    ),
    Case("form of 3 MB", post(b"a=" + b"x" * 3000000, FORM), 400, "Django"),
    Case("body of 30 MB", page(b"POST" + LOGIN, b"Content-Length: 30000000", FORM), 413, "nginx"),
    Case("form with 1,001 fields", post(b"a&" * 1001, FORM), 400, "Django"),
    Case(
        "form in charset zlib", post(b"a=b", FORM + b"; charset=zlib"), 403, "Django: no CSRF token"
    ),
    Case(
        "form in charset idna",
        post(b"a=%ff", FORM + b"; charset=idna"),
        403,
        "Django: no CSRF token",
    ),
    Case(
        "form in charset undefined",
        post(b"a=%ff", FORM + b"; charset=undefined"),
        403,
        "Django: no CSRF token",
    ),
    Case(
        "multipart with a boundary beyond ASCII",
        post(b"a=b", b"Content-Type: multipart/form-data; boundary=\xff"),
        400,
        "Django",
    ),
    Case(
        "multipart without a boundary",
        post(b"a=b", b"Content-Type: multipart/form-data"),
        400,
        "Django",
    ),
    Case(
        "multipart whose boundary is in no known encoding",
        post(b"a=b", b"Content-Type: multipart/form-data; boundary*=nonsense''%41"),
        400,
        "Django",
    ),
    Case(
        "multipart with a file name in no known encoding",
        post(part(b"filename*=nonsense''%41"), MULTIPART),
        403,
        "Django: no CSRF token",
    ),
    Case(
        "multipart with a file name of no character",
        post(part(b'filename="&#99999999999;"'), MULTIPART),
        403,
        "Django: no CSRF token",
    ),
    Case(
        "multipart that ends too early",
        post(b"--b\r\nContent-Dis", MULTIPART),
        403,
        "Django: no CSRF token",
    ),
    Case(
        "1,500 ranges",
        page(
            b"GET /static/streams/streams.js HTTP/1.1",
            b"Range: bytes=" + b",".join(b"%d-" % n for n in range(1500)),
        ),
        200,
        "nginx",
    ),
]
