"""Handshakes of a WebSocket that are not as they should be."""

from ..wire import CONNECTION, HEADERS, KEY, UPGRADE, VERSION, request
from .case import Case, many

TASKS = b"GET /ws/deploy/tasks/ HTTP/1.1"
CLIENT = [b"%HOST%", b"%ORIGIN%", b"%COOKIE%"]


def handshake(line=TASKS, *more, **options):
    """A good handshake, but for its first line, headers `without`, and `more` of them."""
    without = options.get("without", ())
    kept = [header for header in CLIENT + HEADERS if header not in without]
    return request(line, *(kept + list(more)))


def instead(header, other):
    return handshake(TASKS, other, without=[header])


def to(path):
    return handshake(b"GET " + path + b" HTTP/1.1")


BODY = b"5\r\nhello\r\n0\r\n\r\n"

HANDSHAKES = [
    Case("nothing wrong", handshake(), 101, "-"),
    Case("POST", handshake(b"POST /ws/deploy/tasks/ HTTP/1.1"), 405, "daphne"),
    Case("CONNECT", handshake(b"CONNECT /ws/deploy/tasks/ HTTP/1.1"), (400, 405), "nginx"),
    Case("method in lower case", handshake(b"get /ws/deploy/tasks/ HTTP/1.1"), 400, "nginx"),
    Case("HTTP/0.9", b"GET /ws/deploy/tasks/\r\n", "closed", "nginx"),
    Case("HTTP/1.0", handshake(b"GET /ws/deploy/tasks/ HTTP/1.0"), 101, "nginx says 1.1"),
    Case("HTTP/2.0", handshake(b"GET /ws/deploy/tasks/ HTTP/2.0"), 505, "nginx"),
    Case("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "nginx"),
    Case(
        "TLS on the plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" + bytes(500), 400, "nginx"
    ),
    Case("1,000 NUL bytes", bytes(1000), 400, "nginx"),
    Case("no HTTP at all", b"hello\r\n\r\n", 400, "nginx"),
    Case("no key", handshake(without=[KEY]), 400, "daphne"),
    Case("empty key", instead(KEY, b"Sec-WebSocket-Key:"), 400, "daphne"),
    Case("short key", instead(KEY, b"Sec-WebSocket-Key: abc="), 400, "daphne"),
    Case("key of 12 kB", instead(KEY, b"Sec-WebSocket-Key: " + b"a" * 12000), 400, "daphne"),
    Case(
        "key with bytes beyond ASCII",
        instead(KEY, b"Sec-WebSocket-Key: " + b"\xe9" * 24),
        400,
        "daphne",
    ),
    Case("key twice", handshake(TASKS, KEY), 400, "daphne"),
    Case("no version", handshake(without=[VERSION]), 400, "daphne"),
    Case("version 12", instead(VERSION, b"Sec-WebSocket-Version: 12"), 400, "daphne"),
    Case("version -1", instead(VERSION, b"Sec-WebSocket-Version: -1"), 400, "daphne"),
    Case(
        "version of 8,000 digits",
        instead(VERSION, b"Sec-WebSocket-Version: " + b"9" * 8000),
        400,
        "daphne",
    ),
    Case("version twice", handshake(TASKS, VERSION), 400, "daphne"),
    Case("no Connection", handshake(without=[CONNECTION]), 101, "nginx sets it"),
    # As the same once, or, to an nginx that joins them, as a word that is not `websocket`.
    Case("Upgrade twice", handshake(TASKS, UPGRADE), (101, 404), "nginx"),
    Case("Upgrade: h2c", instead(UPGRADE, b"Upgrade: h2c"), 404, "no WebSocket: Django"),
    Case(
        "Upgrade: h2c, websocket",
        instead(UPGRADE, b"Upgrade: h2c, websocket"),
        404,
        "no WebSocket: Django",
    ),
    Case("no Host", handshake(without=[b"%HOST%"]), 400, "nginx"),
    Case("Host twice", handshake(TASKS, b"%HOST%"), 400, "nginx"),
    Case("Host with a slash", instead(b"%HOST%", b"Host: a/b"), 400, "nginx"),
    Case("Host with a port that is none", instead(b"%HOST%", b"Host: 127.0.0.1:x"), 400, "daphne"),
    Case("no Origin", handshake(without=[b"%ORIGIN%"]), 403, "channels"),
    Case(
        "foreign Origin", instead(b"%ORIGIN%", b"Origin: http://elsewhere.example"), 403, "channels"
    ),
    Case("Origin: null", instead(b"%ORIGIN%", b"Origin: null"), 403, "channels"),
    Case(
        "Origin: file:///etc/passwd",
        instead(b"%ORIGIN%", b"Origin: file:///etc/passwd"),
        403,
        "channels",
    ),
    Case("Origin: http://[::1", instead(b"%ORIGIN%", b"Origin: http://[::1"), 400, "daphne"),
    Case(
        "Origin with port 999999",
        instead(b"%ORIGIN%", b"Origin: http://127.0.0.1:999999"),
        400,
        "daphne",
    ),
    Case(
        "Origin with bytes beyond ASCII",
        instead(b"%ORIGIN%", b"Origin: \xff\xfe://"),
        400,
        "daphne",
    ),
    Case(
        "Origin of 12 kB", instead(b"%ORIGIN%", b"Origin: http://" + b"a" * 12000), 403, "channels"
    ),
    Case("Origin twice", handshake(TASKS, b"%ORIGIN%"), 400, "daphne"),
    Case(
        "subprotocol with bytes beyond ASCII",
        handshake(TASKS, b"Sec-WebSocket-Protocol: caf\xe9"),
        400,
        "daphne",
    ),
    Case("subprotocol %ff%00", handshake(TASKS, b"Sec-WebSocket-Protocol: %ff%00"), 101, "ignored"),
    Case("one subprotocol twice", handshake(TASKS, b"Sec-WebSocket-Protocol: a, a"), 400, "daphne"),
    Case(
        "2,000 subprotocols",
        handshake(TASKS, b"Sec-WebSocket-Protocol: " + b",".join(b"p%d" % n for n in range(2000))),
        101,
        "ignored",
    ),
    Case(
        "compression offered",
        handshake(TASKS, b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"),
        101,
        "not taken: no extension is on",
    ),
    Case(
        "extensions that are none",
        handshake(TASKS, b'Sec-WebSocket-Extensions: permessage-deflate;a=1;a=2;"'),
        400,
        "daphne",
    ),
    Case(
        "6,000 extensions",
        handshake(TASKS, b"Sec-WebSocket-Extensions: " + b"x;" * 6000),
        101,
        "ignored",
    ),
    Case(
        "body that is no frame",
        handshake(TASKS, b"Content-Length: 5") + b"hello",
        502,
        "daphne resets the connection",
    ),
    Case("Content-Length: -5", handshake(TASKS, b"Content-Length: -5"), 400, "nginx"),
    Case(
        "Content-Length of 23 digits",
        handshake(TASKS, b"Content-Length: " + b"9" * 23),
        400,
        "nginx",
    ),
    Case("Content-Length: 100 GB", handshake(TASKS, b"Content-Length: 107374182400"), 413, "nginx"),
    Case("two lengths", handshake(TASKS, b"Content-Length: 0", b"Content-Length: 1"), 400, "nginx"),
    Case(
        "length and chunks",
        handshake(TASKS, b"Content-Length: 5", b"Transfer-Encoding: chunked") + BODY,
        400,
        "nginx",
    ),
    Case(
        "two transfer encodings",
        handshake(TASKS, b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + BODY,
        400,
        "nginx",
    ),
    Case(
        "unknown transfer encoding", handshake(TASKS, b"Transfer-Encoding: xchunked"), 501, "nginx"
    ),
    Case(
        "chunk of 2**72 bytes",
        handshake(TASKS, b"Transfer-Encoding: chunked") + b"f" * 18 + b"\r\n",
        400,
        "nginx",
    ),
    Case("header of 15 kB", handshake(TASKS, *many(1, 15000)), 101, "allowed"),
    Case("header of 17 kB", handshake(TASKS, *many(1, 17000)), 400, "nginx"),
    Case("headers of 40 kB", handshake(TASKS, *many(4, 10000)), 400, "nginx"),
    Case("headers of 200 kB", handshake(TASKS, *many(20, 10000)), 400, "nginx"),
    Case("400 headers", handshake(TASKS, *many(400, 1)), 101, "allowed"),
    Case("600 headers", handshake(TASKS, *many(600, 1)), 400, "daphne"),
    Case("6,000 headers", handshake(TASKS, *[b"a:"] * 6000), 400, "nginx or daphne"),
    Case(
        "one header 400 times", handshake(TASKS, *[b"X-A: a"] * 400), 101, "joined in linear time"
    ),
    Case("URL of 15 kB", to(b"/ws/deploy/tasks/?" + b"a" * 15000), 101, "allowed"),
    Case("URL of 20 kB", to(b"/ws/deploy/tasks/?" + b"a" * 20000), 414, "nginx"),
    Case("7,000 parameters", to(b"/ws/deploy/tasks/?" + b"a&" * 7000), 101, "not read"),
    Case("header without a colon", handshake(TASKS, b"nocolon"), 101, "nginx leaves it out"),
    Case("header with a space in its name", handshake(TASKS, b"X A: a"), (101, 400), "nginx"),
    Case(
        "header folded onto a second line", handshake(TASKS, b"X-A: a\r\n b"), (101, 400), "nginx"
    ),
    Case(
        "X_Forwarded_For", handshake(TASKS, b"X_Forwarded_For: 6.6.6.6"), 101, "nginx leaves it out"
    ),
    Case(
        "Daphne-Root-Path",
        handshake(TASKS, b"Daphne-Root-Path: //elsewhere.example"),
        101,
        "nginx empties it",
    ),
    Case("LF for CR LF", handshake(TASKS, b"X-A: a\nX-B: b"), 101, "two headers for everybody"),
    Case(
        "CR within a header",
        handshake(TASKS, b"X-A: a\rX-Forwarded-For: 6.6.6.6"),
        400,
        "nginx or daphne",
    ),
    Case(
        "cookie with bytes beyond ASCII",
        handshake(TASKS, b"%COOKIE%; a=\xff\xfe;;==;"),
        101,
        "read as under WSGI",
    ),
    Case(
        "forged session with a NUL",
        instead(b"%COOKIE%", b'Cookie: sessionid="\\000' + b"a" * 31 + b'"'),
        403,
        "the site",
    ),
    Case(
        "forged session ../../etc/passwd",
        instead(b"%COOKIE%", b"Cookie: sessionid=../../etc/passwd"),
        403,
        "the site",
    ),
    Case(
        "cookie of 15 kB",
        instead(b"%COOKIE%", b"Cookie: sessionid=" + b"a" * 15000),
        403,
        "the site",
    ),
    Case("path with a byte beyond ASCII", to(b"/ws/deploy/caf\xe9/"), 400, "daphne"),
    Case("query with a byte beyond ASCII", to(b"/ws/deploy/tasks/?since=\xe9"), 400, "daphne"),
    Case("path %ff", to(b"/ws/deploy/%ff/"), 403, "the site"),
    Case("path %00", to(b"/ws/deploy/a%00b/"), 400, "nginx"),
    Case("path %0a", to(b"/ws/deploy/tasks%0a/"), 403, "the site"),
    Case("path %0d%0a and a header", to(b"/ws/deploy/tasks%0d%0aX:%20y/"), 403, "the site"),
    Case("path ../../etc/passwd", to(b"/ws/../../etc/passwd"), 400, "nginx"),
    Case("path %2e%2e/%2e%2e/", to(b"/ws/%2e%2e/%2e%2e/etc/passwd"), 400, "nginx"),
    Case("path x/../tasks", to(b"/ws/deploy/x/../tasks/"), 403, "the site"),
    Case("path ..%2ftasks", to(b"/ws/deploy/..%2ftasks/"), 403, "the site"),
    Case("path escaped twice", to(b"/ws/deploy/%2574asks/"), 403, "the site"),
    Case("path of 8 kB", to(b"/ws/deploy/" + b"a" * 8000 + b"/"), 403, "the site"),
    Case("path with doubled slashes", to(b"//ws//deploy//tasks/"), 403, "the site"),
    Case("path %zz", to(b"/ws/%zz/"), 400, "nginx"),
    Case("path with a fragment", to(b"/ws/deploy/tasks/#x"), 400, "daphne"),
    Case("unknown service", to(b"/ws/deploy/nobody/"), 403, "the site"),
    Case("unknown path", to(b"/ws/nowhere/"), 403, "the site"),
]
for _character in (
    b"\0",
    b"\x01",
    b"\x0b",
    b"\x0c",
    b"\x1b",
    b"\x1c",
    b"\x1d",
    b"\x1e",
    b"\x7f",
    b"\x85",
):
    _name = repr(_character)[2:-1]
    HANDSHAKES += [
        Case(
            "%s and a header within a header" % _name,
            handshake(TASKS, b"X-A: a" + _character + b"X-Forwarded-For: 6.6.6.6"),
            400,
            "daphne" if _character not in b"\0" else "nginx",
        ),
        Case(
            "path with %s" % _name,
            to(b"/ws/deploy/ta" + _character + b"sks/"),
            400,
            "nginx or daphne",
        ),
    ]
