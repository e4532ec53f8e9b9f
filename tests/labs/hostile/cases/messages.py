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


def subscribe(streams):
    return frame(b'{"type": "subscribe", "streams": ' + streams + b"}")


# To /ws/streams/; then a client leaves a stream that it does not follow: "lives" when told so.
SUBSCRIPTIONS = [
    Case("nothing wrong", subscribe(b'{"deploy:release": "latest"}'), "live, lives", "-"),
    Case("empty", frame(b""), "error bad-json, lives", "streams"),
    Case("60,000 brackets", frame(b"[" * 60000), "error bad-json, lives", "streams"),
    Case("70,000 characters", frame(b"x" * 70000), "error too-large, lives", "streams"),
    Case("binary", frame(b"\0\xff", 2), "error binary, lives", "streams"),
    Case("an unknown type", frame(b'{"type": "deploy.run", "text": "x"}'), "lives", "ignored"),
    Case("no type", frame(b'{"streams": {}}'), "error bad-frame, lives", "streams"),
    Case(
        "streams that are a list",
        subscribe(b'["deploy:release"]'),
        "error bad-frame, lives",
        "streams",
    ),
    Case("no streams", subscribe(b"{}"), "error bad-frame, lives", "streams"),
    Case(
        "a path in a name",
        subscribe(b'{"deploy:a/../tasks": 0}'),
        "error denied, lives",
        "the site",
    ),
    Case(
        "a service that is not there",
        subscribe(b'{"deploy:nope": 0}'),
        "error denied, lives",
        "the site",
    ),
    Case("SQL", subscribe(b'{"deploy:\' or 1=1 --": 0}'), "error denied, lives", "the site"),
    Case(
        "another stream of the database",
        subscribe(b'{"news": 0}'),
        "error unknown, lives",
        "streams",
    ),
    Case("a pattern", subscribe(b'{"deploy:*": 0}'), "error denied, lives", "the site"),
    Case("NUL in a name", subscribe(b'{"deploy:\\u0000": 0}'), "error bad-name, lives", "streams"),
    Case(
        "half a surrogate in a name",
        subscribe(b'{"deploy:\\ud800": 0}'),
        "error bad-name, lives",
        "streams",
    ),
    Case(
        "name of 60,000 characters",
        subscribe(b'{"' + b"a" * 60000 + b'": 0}'),
        "error bad-name, lives",
        "streams",
    ),
    Case("__proto__", subscribe(b'{"__proto__": 0}'), "error unknown, lives", "streams"),
    Case(
        "cursor of 60,000 digits",
        subscribe(b'{"deploy:release": ' + b"9" * 60000 + b"}"),
        ("error bad-json, lives", "error bad-since, lives"),
        "streams",
    ),
    Case(
        "cursor that is an object",
        subscribe(b'{"deploy:release": {"a": 1}}'),
        "error bad-since, lives",
        "streams",
    ),
    Case("cursor NaN", subscribe(b'{"deploy:release": NaN}'), "error bad-since, lives", "streams"),
    Case(
        "cursor true", subscribe(b'{"deploy:release": true}'), "error bad-since, lives", "streams"
    ),
    Case(
        "2,000 names",
        subscribe(b"{" + b",".join(b'"x%d":0' % n for n in range(2000)) + b"}"),
        "close 4029",
        "streams",
    ),
    Case("2,000 frames", frame(b"{}") * 2000, "close 4029", "streams"),
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
