"""Asks the running parts whether they answer: HTTP, a WebSocket handshake, Redis' PING."""

import base64
import os
import re
import socket
import ssl
from typing import Iterator, List, Optional, Sequence, Tuple, Union

from . import redis_address

TIMEOUT, SENTINEL_TIMEOUT = 5, 1
Server = Union[str, Tuple[str, int]]  # the path of a socket, or host and port


def http(
    host: str,
    port: int,
    path: str = "/",
    headers: Sequence[str] = (),
    timeout: float = TIMEOUT,
) -> Optional[int]:
    """
    The status code of GET `path`, or None when nothing answers.

    Only the status line is read: a streaming page would never end.
    """
    lines = ["GET %s HTTP/1.1" % path, *headers]
    if not any(line.lower().startswith("host:") for line in headers):
        lines.append("Host: %s" % authority(host, port))
    lines += ["User-Agent: deploy_conf", "", ""]
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall("\r\n".join(lines).encode("ascii"))
            answer = b""
            while b"\r\n" not in answer:
                part = connection.recv(1024)
                if not part:
                    return None
                answer += part
    except OSError:
        return None
    match = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return int(match.group(1)) if match else None


def websocket(
    host: str, port: int, path: str, name: Optional[str] = None, timeout: float = TIMEOUT
) -> Optional[int]:
    """
    The status code of a WebSocket handshake (101: accepted, 403: refused), or None.

    `name` is the host's name, or address, by which the site is asked.
    """
    asked = authority(name or host, port)
    headers = (
        "Host: %s" % asked,
        "Origin: http://%s" % asked,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode("ascii"),
    )
    return http(host, port, path, headers, timeout)


def authority(host: str, port: int) -> str:
    """host:port as in a URL."""
    return "%s:%d" % ("[%s]" % host if ":" in host else host, port)


def redis(url: str, timeout: float = TIMEOUT) -> Optional[str]:
    """
    Why the Redis that a URL names is of no use, None when it is.

    It answers PING to the URL's user and password, and has the URL's database.
    """
    try:
        address = redis_address.parse(url)
        context = address.context()
    except ValueError as error:
        return str(error)
    wanted: List[Sequence[str]] = [_login(address.username, address.password)]
    if address.database:
        wanted.append(["SELECT", str(address.database)])
    wanted.append(["PING"])
    servers: List[Server] = [address.path] if address.path else list(address.hosts)
    try:
        if address.scheme == "sentinel":
            servers = list(_masters(address))
        for number, server in enumerate(servers):
            try:
                _redis_answer(server, wanted, rb"\+PONG\r\n", timeout, context)
                return None
            except (OSError, ValueError):
                if number == len(servers) - 1:
                    raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return reason if isinstance(reason, str) else str(error)
    return "no sentinel knows a master called %s" % address.master


def _login(username: str, password: str) -> List[str]:
    if not password:
        return []
    return ["AUTH", username, password] if username else ["AUTH", password]


def _masters(address: redis_address.RedisAddress) -> Iterator[Server]:
    """The (host, port) that each sentinel names, every one once."""
    seen = set()
    auth = _login(address.sentinel_username, address.sentinel_password)
    question = ["SENTINEL", "get-master-addr-by-name", address.master]
    known = rb"\*2\r\n\$\d+\r\n(\S+)\r\n\$\d+\r\n(\d+)\r\n|(\*-1\r\n)"
    for host in address.hosts:
        try:
            answer = _redis_answer(host, [auth, question], known, SENTINEL_TIMEOUT)
        except (OSError, ValueError):
            continue
        if not answer.group(3):
            master = answer.group(1).decode("ascii"), int(answer.group(2))
            if master not in seen:
                yield master
            seen.add(master)


def _redis_answer(
    server: Server,
    commands: Sequence[Sequence[str]],
    expected: bytes,
    timeout: float,
    context: Optional[ssl.SSLContext] = None,
) -> "re.Match[bytes]":
    """The match of `expected` in what a server says; OSError or ValueError for anything else."""
    with _connect(server, timeout, context) as connection:
        connection.sendall(b"".join(_redis_command(words) for words in commands if words))
        answer = b""
        while True:
            part = connection.recv(1024)
            if not part:
                raise ValueError("it closes the connection")
            answer += part
            error = re.search(rb"^-([^\r\n]*)\r\n", answer, re.MULTILINE)
            if error:
                raise ValueError(error.group(1).decode("utf-8", "replace"))
            match = re.search(expected, answer)
            if match:
                return match
            if len(answer) > 65536:
                raise ValueError("it is no Redis")


def _connect(server: Server, timeout: float, context: Optional[ssl.SSLContext]) -> socket.socket:
    if isinstance(server, str):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        try:
            connection.connect(server)
        except BaseException:
            connection.close()
            raise
        return connection
    connection = socket.create_connection(server, timeout)
    if context is None:
        return connection
    try:
        return context.wrap_socket(connection, server_hostname=server[0])
    except BaseException:
        connection.close()
        raise


def _redis_command(words: Sequence[str]) -> bytes:
    encoded = [word.encode("utf-8") for word in words]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in encoded)
