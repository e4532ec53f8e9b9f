"""Asks the running parts whether they answer: HTTP, a WebSocket handshake, Redis' PING."""

import base64
import os
import re
import socket
import urllib.parse

from . import sentinel

TIMEOUT, SENTINEL_TIMEOUT = 5, 1


def http(host, port, path="/", headers=(), timeout=TIMEOUT):
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


def websocket(host, port, path, timeout=TIMEOUT):
    """The status code of a WebSocket handshake (101: accepted, 403: refused), or None."""
    headers = (
        "Origin: http://%s" % authority(host, port),
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode("ascii"),
    )
    return http(host, port, path, headers, timeout)


def authority(host, port):
    """host:port as in a URL."""
    return "%s:%d" % ("[%s]" % host if ":" in host else host, port)


def redis(url, timeout=TIMEOUT):
    """Whether the Redis that a URL names answers PING with the URL's password."""
    if url.startswith(sentinel.SCHEME):
        try:
            host = sentinel.host(url)
        except ValueError:
            return False
        auth = ["AUTH", host["password"]] if "password" in host else []
        return any(_pings(master, auth, timeout) for master in _masters(host))
    parts = urllib.parse.urlsplit(url)
    query = urllib.parse.parse_qs(parts.query)
    password = query.get("password", [urllib.parse.unquote(parts.password or "")])[0]
    try:
        address = (parts.hostname or "127.0.0.1", parts.port or 6379)
    except ValueError:
        return False
    if parts.scheme == "unix":
        address = urllib.parse.unquote(parts.path)
    auth = ["AUTH", parts.username, password] if parts.username else ["AUTH", password]
    return _pings(address, auth if password else [], timeout)


def _pings(address, auth, timeout):
    return _redis_answer(address, [auth, ["PING"]], rb"\+PONG\r\n", timeout) is not None


def _masters(host):
    """The (host, port) that each sentinel names, every one once."""
    seen = set()
    auth = ["AUTH", host["sentinel_kwargs"]["password"]] if "sentinel_kwargs" in host else []
    question = ["SENTINEL", "get-master-addr-by-name", host["master_name"]]
    known = rb"\*2\r\n\$\d+\r\n(\S+)\r\n\$\d+\r\n(\d+)\r\n|(\*-1\r\n)"
    for address in host["sentinels"]:
        answer = _redis_answer(address, [auth, question], known, SENTINEL_TIMEOUT)
        if answer and not answer.group(3):
            master = answer.group(1).decode("ascii"), int(answer.group(2))
            if master not in seen:
                yield master
            seen.add(master)


def _redis_answer(address, commands, expected, timeout):
    """The match of `expected` in what a server says, or None for an error or no answer."""
    try:
        if isinstance(address, str):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(timeout)
            connection.connect(address)
        else:
            connection = socket.create_connection(address, timeout)
        with connection:
            connection.sendall(b"".join(_redis_command(words) for words in commands if words))
            answer = b""
            while True:
                part = connection.recv(1024)
                if not part or part.startswith(b"-"):
                    return None
                answer += part
                match = re.search(expected, answer)
                if match:
                    return match
    except (OSError, ValueError):
        return None


def _redis_command(words):
    encoded = [word.encode("utf-8") for word in words]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in encoded)
