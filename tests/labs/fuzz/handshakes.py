"""Heads of WebSocket handshakes and of requests: an answer that is no 500, and no complaint."""

import re
from urllib.parse import unquote

from hypothesis import strategies as st

from compat.patches.daphne._handshakes import parse
from compat.patches.daphne._openings import offered
from tests.labs.hostile.wire import HEADERS

from .server import Application, Daphne

DAPHNE = Daphne()
NAMES = st.sampled_from(
    [b"Upgrade", b"Connection", b"Sec-WebSocket-Key", b"Sec-WebSocket-Version", b"Host", b"Origin"]
    + [b"Sec-WebSocket-Protocol", b"Sec-WebSocket-Extensions", b"Cookie", b"Content-Length"]
    + [b"Transfer-Encoding", b"X-Forwarded-For", b"X-Forwarded-Port", b"Daphne-Root-Path"]
    + [b"X_Y", b"X-Y", b"Content-Type", b"Expect"]
)
TEXTS = st.lists(
    st.sampled_from(
        [b"websocket", b"Upgrade", b"13", b"http://", b"localhost", b":", b"//", b"[", b"]", b"::1"]
        + [b"a", b",", b";", b"=", b'"', b" ", b"\t", b"%", b"%ff", b"%00", b"\xe9", b"\xff", b"-1"]
        + [b"99999999999", b"null", b"file:", b"chunked", b"permessage-deflate", b"#", b"?", b"/"]
        + [b"\x0b", b"\x1c", b"\x85", b"\x7f", b"\0", b"*", b"100-continue", b"==", b"dGhl"]
    ),
    max_size=6,
).map(b"".join)
VALUES = st.one_of(TEXTS, st.binary(max_size=20).map(lambda data: re.sub(b"[\r\n]", b"", data)))
HEADER = st.builds(lambda name, value: name + b": " + value, NAMES, VALUES)
PATHS = st.one_of(
    st.just(b"/"), st.builds(lambda text: b"/" + text.replace(b" ", b""), TEXTS), TEXTS
)
METHODS = st.sampled_from([b"GET"] * 8 + [b"POST", b"HEAD", b"get", b"", b"\xff", b"OPTIONS"])
VERSIONS = st.sampled_from([b"HTTP/1.1"] * 8 + [b"HTTP/1.0", b"HTTP/2.0", b"", b"HTTP/x", b"\xff"])


def head(method, path, version, kept, more, at):
    """A handshake without some of its headers, and with others somewhere."""
    headers = [b"Host: a", b"Origin: http://a"] + HEADERS
    headers = [header for number, header in enumerate(headers) if kept & 1 << number]
    headers[at:at] = more
    return b"\r\n".join([b" ".join([method, path, version])] + headers) + b"\r\n\r\n"


KEPT = st.one_of(st.just(63), st.just(63), st.integers(0, 63))
CASES = st.builds(
    head, METHODS, PATHS, VERSIONS, KEPT, st.lists(HEADER, max_size=4), st.integers(0, 6)
)


def check(data):
    Application.asked = None
    written, ended, _ = DAPHNE.talk([data])
    said, DAPHNE.complaints.said[:] = list(DAPHNE.complaints.said), []
    assert said == [], said
    line = written.partition(b"\r\n")[0]
    # Older Twisted begins its answer with the version that it was asked in, whatever that is.
    asked = data.partition(b"\r\n")[0]
    assert len(line) < 200 and max(line + b"0") <= max(asked + b"\x7f"), line
    found = re.match(rb"\S+ (\d{3}) ", line)
    if found:
        assert int(found.group(1)) < 500 or int(found.group(1)) == 505, line
    else:
        assert written == b"" and (ended != "open" or is_waiting(data)), written

    compare(parse(data), line)


def compare(handshake, line):
    """What is read at once must be what all that read it, one after the other, make of it."""
    if handshake is None:
        return
    if b" 101 " not in line:
        # These two it does not judge.
        assert handshake.origin is not None or handshake.extensions is not None, line
        return
    scope = Application.asked
    assert scope["headers"] == handshake.headers, scope
    assert scope["query_string"] == handshake.query, scope
    assert scope["path"] == unquote(handshake.path.decode()), scope
    assert scope["subprotocols"] == offered(handshake), scope


def is_waiting(data):
    """Whether the body is not there yet, or a request in HTTP/0.9's way is not at its end."""
    return b"content-length" in data.lower() or b"transfer-encoding" in data.lower()
