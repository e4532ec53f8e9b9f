"""A handshake and a GET over a plain connection: what comes back, whoever answers."""

import socket
import ssl
import threading
import time
import urllib.parse
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple, Union

Address = Union[str, Tuple[str, int]]
SECONDS = 10.0  # for one question, from the connection to the end of the answer's head
KEY = "c29tZXRoaW5nIHJhbmRvbQ=="
CLOSE, PING = 8, 9


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
    """What a WebSocket's handshake gets; without an origin, as programs send it."""
    return ask(target, path, _upgrade(origin))


def _upgrade(origin: str) -> Dict[str, str]:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
    }
    return dict(headers, Origin=origin) if origin else headers


def get(target: Target, path: str) -> Answer:
    """What a GET gets; its body is not read."""
    return ask(target, path, {"Connection": "close"})


def ask(target: Target, path: str, headers: Dict[str, str]) -> Answer:
    deadline = time.monotonic() + SECONDS
    try:
        with _connect(target, deadline) as connection:
            connection.sendall(_request(target, path, headers))
            return _read_head(connection, deadline)[0]
    except (OSError, ValueError) as error:
        return Answer(0, {}, str(error) or type(error).__name__)


def _request(target: Target, path: str, headers: Dict[str, str]) -> bytes:
    lines = ["GET %s HTTP/1.1" % path, "Host: %s" % target.host, "User-Agent: doctor"]
    if target.forwarded:
        lines += ["X-Forwarded-Proto: %s" % target.forwarded, "X-Forwarded-For: 127.0.0.1"]
    lines += ["%s: %s" % pair for pair in sorted(headers.items())]
    return "\r\n".join(lines + ["", ""]).encode("latin-1")


def is_alive(address: Address) -> bool:
    """Whether a daphne there answers what no application has to answer: a request that is none."""
    deadline = time.monotonic() + SECONDS
    try:
        with _connect(Target(address, ""), deadline) as connection:
            connection.sendall(b"GET\r\n\r\n")
            connection.settimeout(_left(deadline))
            return bool(connection.recv(1024))
    except OSError:
        return False


class Idle(NamedTuple):
    """What became of an open WebSocket on which we said nothing: "ping", "cut" or "silent"."""

    end: str
    seconds: float  # since the last byte that came


def idle(target: Target, path: str, origin: str, seconds: float) -> Optional[Idle]:
    """
    Waits on an open WebSocket for daphne's ping, so many seconds at most; None where none opens,
    or the application closes it.
    """
    deadline = time.monotonic() + SECONDS
    try:
        with _connect(target, deadline) as connection:
            connection.sendall(_request(target, path, _upgrade(origin)))
            answer, text = _read_head(connection, deadline)
            if answer.status != 101:
                return None
            return _until_ping(connection, text, time.monotonic() + seconds)
    except (OSError, ValueError):
        return None


def _until_ping(connection: socket.socket, text: bytes, deadline: float) -> Optional[Idle]:
    last = time.monotonic()
    while True:
        codes, text = _frames(text)
        if PING in codes:
            connection.sendall(b"\x88\x80\0\0\0\0")  # good-bye
            return Idle("ping", time.monotonic() - last)
        if CLOSE in codes:
            return None
        connection.settimeout(_left(deadline))
        try:
            more = connection.recv(65536)
        except socket.timeout:
            return Idle("silent", time.monotonic() - last)
        except OSError:
            more = b""
        if not more:
            return Idle("cut", time.monotonic() - last)
        text, last = text + more, time.monotonic()


def _frames(text: bytes) -> Tuple[List[int], bytes]:
    """The kinds of the frames of a server, and what is left of the last one."""
    codes = []
    while len(text) > 1:
        short = text[1] & 127
        width = {126: 2, 127: 8}.get(short, 0)
        length = int.from_bytes(text[2 : 2 + width], "big") if width else short
        end = 2 + width + length
        if len(text) < max(2 + width, end):
            break
        codes.append(text[0] & 15)
        text = text[end:]
    return codes, text


_resolved: Dict[Tuple[str, int], Any] = {}


def resolve(host: str, port: int) -> List[Any]:
    """What getaddrinfo() says; asked once, since a DNS that is silent is waited for each time."""
    if (host, port) not in _resolved:
        found: List[Any] = []

        def ask() -> None:
            try:
                found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except OSError as error:
                found.append(error)
            except UnicodeError as error:
                found.append(OSError(str(error)))

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(SECONDS)
        _resolved[host, port] = found[0] if found else OSError("the DNS does not answer")
    told = _resolved[host, port]
    if isinstance(told, Exception):
        raise told
    return list(told)


def _left(deadline: float) -> float:
    return max(0.01, deadline - time.monotonic())


def reach(address: Address, seconds: float) -> socket.socket:
    """A connection, by whichever of a name's addresses takes it; OSError for none in time."""
    deadline, trouble = time.monotonic() + seconds, OSError("timed out")
    spots = [(socket.AF_UNIX, address)] if isinstance(address, str) else []  # type: List[Any]
    for family, spot in spots or [(row[0], row[4]) for row in resolve(*address)]:
        made = socket.socket(family)
        made.settimeout(_left(deadline))
        try:
            made.connect(spot)
            return made
        except OSError as error:
            made.close()
            trouble = error
        if time.monotonic() > deadline:
            break
    raise trouble


def _connect(target: Target, deadline: float) -> socket.socket:
    made = reach(target.address, _left(deadline))
    made.settimeout(_left(deadline))
    if isinstance(target.address, str) or not target.tls:
        return made
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # certificates: a finding
    return context.wrap_socket(made, server_hostname=target.address[0])


def each(things: Iterable[Any], ask: Callable[[Any], Any]) -> Dict[Any, Any]:
    """{thing: what asking it gives}; all at once, so that one limit counts for all."""
    told: Dict[Any, Any] = {}

    def note(one: Any) -> None:
        told[one] = ask(one)

    threads = [threading.Thread(target=note, args=(one,), daemon=True) for one in set(things)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def _read_head(connection: socket.socket, deadline: float) -> Tuple[Answer, bytes]:
    """The answer, and what came behind it; not of one who sends a byte now and then."""
    text = b""
    while b"\r\n\r\n" not in text:
        connection.settimeout(_left(deadline))
        more = connection.recv(65536)
        if not more or len(text) > 1 << 20:
            return Answer(0, {}, "the connection was closed"), b""
        if time.monotonic() > deadline:
            return Answer(0, {}, "timed out"), b""
        text += more
    head, _, behind = text.partition(b"\r\n\r\n")
    return _parsed(head), behind


def _parsed(head: bytes) -> Answer:
    first, *rest = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if not first.startswith("HTTP/1.") or not words[1].isdigit():
        return Answer(0, {}, "the answer is not HTTP: %r" % first[:40])
    pairs = (line.partition(":") for line in rest)
    return Answer(int(words[1]), {name.lower(): value.strip() for name, _, value in pairs})


def certificate(target: Target) -> Tuple[Optional[float], str]:
    """
    (the time at which it ends, "") of one that browsers accept; (None, why they do not), "" where
    none was shown.
    """
    try:
        with reach(target.address, SECONDS) as made:
            made.settimeout(SECONDS)
            context = ssl.create_default_context()
            with context.wrap_socket(made, server_hostname=target.address[0]) as connection:
                end = (connection.getpeercert() or {}).get("notAfter")
    except ssl.SSLError as error:
        return None, getattr(error, "verify_message", "") or str(error)
    except ValueError as error:  # 3.6: a name that does not match
        return None, str(error)
    except OSError:  # who does not answer shows none
        return None, ""
    return ssl.cert_time_to_seconds(str(end)), ""
