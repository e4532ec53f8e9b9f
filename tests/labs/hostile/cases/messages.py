"""Messages and positions in a stream that make no sense."""

from ..wire import frame
from .case import Case, message

MESSAGES = [
    Case("empty", frame(b""), "error bad-json, lives", "the site"),
    Case("60,000 brackets", frame(b"[" * 60000), "error bad-json, lives", "the site"),
    Case("12,000 nested objects", frame(b'{"a":' * 12000), "error bad-json, lives", "the site"),
    Case(
        "5,000 nested messages, closed",
        frame(b'{"message":' * 5000 + b"1" + b"}" * 5000),
        ("error bad-json, lives", "error no-message, lives"),
        "the site",
    ),
    Case(
        "5,000 keys",
        frame(b"{" + b",".join(b'"%d":1' % n for n in range(5000)) + b"}"),
        "error no-message, lives",
        "the site",
    ),
    Case(
        "one key twice",
        frame(b'{"message": "a", "message": 1}'),
        "error no-message, lives",
        "the site",
    ),
    Case(
        "number of 60,000 digits",
        frame(b'{"message": ' + b"9" * 60000 + b"}"),
        ("error bad-json, lives", "error no-message, lives"),
        "the site",
    ),
    Case(
        "20 numbers of 3,000 digits",
        frame(b"[" + b",".join([b"9" * 3000] * 20) + b"]"),
        "error no-message, lives",
        "the site",
    ),
    Case("NaN", frame(b'{"message": NaN}'), "error no-message, lives", "the site"),
    Case("1e999999", frame(b'{"message": 1e999999}'), "error no-message, lives", "the site"),
    Case("half a surrogate", frame(b'{"message": "\\ud800"}'), "error bad-json, lives", "the site"),
    Case("NUL in a message", message(b"\\u0000"), "message, lives", "passed on as JSON"),
    Case(
        "byte order mark",
        frame(b'\xef\xbb\xbf{"message": "x"}'),
        "error bad-json, lives",
        "the site",
    ),
    Case(
        "__proto__",
        frame(b'{"__proto__": {"message": "x"}}'),
        "error no-message, lives",
        "the site",
    ),
    Case(
        "event of the channel layer",
        frame(b'{"type": "deploy.run", "text": "x"}'),
        "error no-message, lives",
        "the site",
    ),
    Case("HTML", message(b"<script>alert(1)</script>"), "message, lives", "passed on as text"),
    Case(
        "control characters for a terminal",
        message(b"\\u001b]0;x\\u0007"),
        "message, lives",
        "passed on as text",
    ),
]

BAD_SINCE = "error bad-since, close 4500"
SINCES = [
    Case("nothing wrong", b"since=0", "lives", "-"),
    Case("latest", b"since=latest", "lives", "-"),
    Case("-2", b"since=-2", BAD_SINCE, "streams"),
    Case("text", b"since=abc", BAD_SINCE, "streams"),
    Case("empty", b"since=", BAD_SINCE, "streams"),
    Case("1e5", b"since=1e5", BAD_SINCE, "streams"),
    Case("0x10", b"since=0x10", BAD_SINCE, "streams"),
    Case("1_0", b"since=1_0", BAD_SINCE, "streams"),
    Case("+5", b"since=%2B5", BAD_SINCE, "streams"),
    Case("5 and a line feed", b"since=5%0a", BAD_SINCE, "streams"),
    Case("NUL", b"since=%00", BAD_SINCE, "streams"),
    Case("full-width digits", b"since=%ef%bc%91", BAD_SINCE, "streams"),
    Case("%ff", b"since=%ff", BAD_SINCE, "streams"),
    Case("beyond the last entry", b"since=999999999", "error start-over, close 4409", "streams"),
    Case("2**63", b"since=9223372036854775808", BAD_SINCE, "streams"),
    Case("15,000 digits", b"since=" + b"9" * 15000, BAD_SINCE, "streams"),
    Case(
        "1,500 of them, the last one 0",
        b"since=abc&" * 1500 + b"since=0",
        "lives",
        "the last one counts",
    ),
    Case(
        "1,500 of them, the last one bad", b"since=0&" * 1500 + b"since=abc", BAD_SINCE, "streams"
    ),
    Case("SQL", b"since=0%20or%201=1", BAD_SINCE, "streams"),
]
