"""A handshake and a GET over a plain connection: what comes back, whoever answers."""

import socket
import ssl
import urllib.parse
from typing import Dict, NamedTuple, Optional, Tuple, Union

Address = Union[str, Tuple[str, int]]
SECONDS = 10.0
KEY = "c29tZXRoaW5nIHJhbmRvbQ=="


class Answer(NamedTuple):
    """A status with its headers (lower case); status 0 and the reason in `error` for none."""

    status: int
    headers: Dict[str, str]
    error: str = ""

    def __str__(self) -> str:
        if not self.status:
            return "no answer (%s)" % self.error
        place = self.headers.get("location")
        return "%d to %s" % (self.status, place) if place else "%d" % self.status


class Target(NamedTuple):
    """Whom to ask, and for whom it shall look like a browser's request."""

    address: Address
    host: str  # the Host header
    tls: bool = False
    forwarded: str = ""  # the scheme that a proxy would have named


def of_url(url: str) -> Target:
    """The target of http(s)://host[:port]; ValueError for anything else."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError("%r is not http://host or https://host" % url)
    tls, usual = parts.scheme == "https", {"http": 80, "https": 443}[parts.scheme]
    name = parts.hostname.encode("idna").decode()
    host = "[%s]" % name if ":" in name else name
    port = parts.port or usual
    return Target((name, port), host if port == usual else "%s:%d" % (host, port), tls)


def origin(target: Target) -> str:
    """The Origin that a browser sends from the target's pages."""
    return "%s://%s" % ("https" if target.tls else "http", target.host)


def handshake(target: Target, path: str, origin: str) -> Answer:
    """What a WebSocket's handshake gets."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
        "Origin": origin,
    }
    return ask(target, path, headers)


def get(target: Target, path: str) -> Answer:
    """What a GET gets; its body is not read."""
    return ask(target, path, {"Connection": "close"})


def ask(target: Target, path: str, headers: Dict[str, str]) -> Answer:
    lines = ["GET %s HTTP/1.1" % path, "Host: %s" % target.host, "User-Agent: doctor"]
    if target.forwarded:
        lines += ["X-Forwarded-Proto: %s" % target.forwarded, "X-Forwarded-For: 127.0.0.1"]
    lines += ["%s: %s" % pair for pair in sorted(headers.items())]
    try:
        with _connect(target) as connection:
            connection.sendall("\r\n".join(lines + ["", ""]).encode("latin-1"))
            return _head(connection)
    except (OSError, ValueError) as error:
        return Answer(0, {}, str(error) or type(error).__name__)


def _connect(target: Target) -> socket.socket:
    if isinstance(target.address, str):
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(SECONDS)
        made.connect(target.address)
        return made
    made = socket.create_connection(target.address, SECONDS)
    if not target.tls:
        return made
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # certificates: a finding
    return context.wrap_socket(made, server_hostname=target.address[0])


def _head(connection: socket.socket) -> Answer:
    text = b""
    while b"\r\n\r\n" not in text:
        more = connection.recv(65536)
        if not more or len(text) > 1 << 20:
            return Answer(0, {}, "the connection was closed")
        text += more
    first, *rest = text.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if not first.startswith("HTTP/1.") or not words[1].isdigit():
        return Answer(0, {}, "the answer is not HTTP: %r" % first[:40])
    pairs = (line.partition(":") for line in rest)
    return Answer(int(words[1]), {name.lower(): value.strip() for name, _, value in pairs})


def certificate(target: Target) -> Tuple[Optional[float], str]:
    """(the time at which it ends, "") of one that browsers accept; else (None, why they do not)."""
    if isinstance(target.address, str):
        return None, "a unix socket has none"
    try:
        with socket.create_connection(target.address, SECONDS) as made:
            context = ssl.create_default_context()
            with context.wrap_socket(made, server_hostname=target.address[0]) as connection:
                end = (connection.getpeercert() or {}).get("notAfter")
    except ssl.SSLError as error:
        return None, getattr(error, "verify_message", "") or str(error)
    except (OSError, ValueError) as error:  # 3.6: a name that does not match is a ValueError
        return None, str(error)
    return ssl.cert_time_to_seconds(str(end)), ""
