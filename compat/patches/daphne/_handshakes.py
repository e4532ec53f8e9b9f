"""What a client sends to begin a WebSocket, where it leaves nothing to be asked."""

import re
from urllib.parse import parse_qs

END = b"\r\n\r\n"
MOST = 16 * 1024  # bytes; Twisted refuses more
LINES = 100  # it takes 500 headers
NAMES, SHORT = 1000, 64  # that are remembered, and bytes of one
PRINTABLE = bytes(range(0x20, 0x7F))
# No underscore: daphne leaves such headers out.
is_name = re.compile(rb"[!#$%&'*+.^`|~0-9A-Za-z-]+").fullmatch
is_key = re.compile(rb"[A-Za-z0-9+/]{22}==").fullmatch
# A body, what has an answer before the handshake, and what is warned of.
UNUSUAL = {b"content-length", b"transfer-encoding", b"expect", b"daphne-root-path"}

_names = {}  # as it was sent → in lower case, or None


class Handshake(object):
    """
    A request that begins a WebSocket.

    path, query: bytes, as they were sent; asks: whether there is a question mark. headers: [(name
    in lower case, value)] in bytes, each name once. host: str, without its port. origin: str or
    None. key: str. protocols: list of str, as the client offers them. extensions: the value of
    that header as str, or None.
    """

    __slots__ = (
        "path",
        "query",
        "asks",
        "headers",
        "host",
        "origin",
        "key",
        "protocols",
        "extensions",
    )


def parse(data):
    """
    The Handshake in these bytes; None unless they are one, whole, and nothing else.

    None, too, for what daphne, Twisted or autobahn refuse, or read differently from one another:
    who asks goes their way then. Not looked at: the name of the origin, the extensions.
    """
    if len(data) > MOST or not data.endswith(END):
        return None
    lines = data[:-4].split(b"\r\n")
    if len(lines) > LINES or data.translate(None, PRINTABLE) != b"\r\n" * (len(lines) + 1):
        return None
    method, _, rest = lines[0].partition(b" ")
    target, _, version = rest.partition(b" ")
    if method != b"GET" or version != b"HTTP/1.1":
        return None
    if target[:1] != b"/" or target[1:2] == b"/" or b"#" in target:
        return None
    found = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        name = _names[name] if name in _names else known(name)
        if not colon or name is None or name in found:
            return None
        found[name] = value.strip(b" ")
    handshake = Handshake()
    handshake.path, asks, handshake.query = target.partition(b"?")
    handshake.asks = bool(asks)
    if b";" in handshake.path or not takes(handshake, found):
        return None
    handshake.headers = list(found.items())
    return handshake


def known(name):
    """A header's name in lower case; None for those that are unusual, or none."""
    lower = name.lower()
    found = lower if is_name(name) and lower not in UNUSUAL else None
    if len(_names) < NAMES and len(name) <= SHORT:
        _names[name] = found
    return found


def takes(handshake, found):
    """Set what the headers say; whether all of it is as it should be."""
    key, host = found.get(b"sec-websocket-key", b""), found.get(b"host")
    tokens = [token.strip() for token in found.get(b"connection", b"").lower().split(b",")]
    if (
        host is None
        or not is_key(key)
        or found.get(b"upgrade", b"").lower() != b"websocket"
        or found.get(b"sec-websocket-version") != b"13"
        or b"upgrade" not in tokens
        or b"close" in found[b"connection"].lower()
    ):
        return False
    if b":" in host and not host.endswith(b"]"):
        host, _, port = host.rpartition(b":")
        if not port.isdigit():
            return False
    protocols = []
    if b"sec-websocket-protocol" in found:
        protocols = [one.strip() for one in found[b"sec-websocket-protocol"].decode().split(",")]
        if len(set(protocols)) != len(protocols):
            return False
    handshake.key, handshake.host, handshake.protocols = key.decode(), host.decode(), protocols
    handshake.origin = text(found.get(b"origin"))
    handshake.extensions = text(found.get(b"sec-websocket-extensions"))
    return True


def text(value):
    return None if value is None else value.decode()


def as_text(headers):
    """{name: value} in str of [(name, value)] in bytes, as autobahn has them."""
    return {name.decode(): value.decode() for name, value in headers}


def parameters(query):
    """The parameters of a query in bytes, as autobahn has them."""
    return parse_qs(query.decode())
