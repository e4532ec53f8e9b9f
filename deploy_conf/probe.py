"""Asks the running parts whether they answer: HTTP, a WebSocket handshake, Redis' PING."""

import base64
import os
import re
import socket
import urllib.parse

TIMEOUT = 5


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
    """Whether the Redis of a redis:// or unix:// URL answers PING with the URL's password."""
    parts = urllib.parse.urlsplit(url)
    query = urllib.parse.parse_qs(parts.query)
    password = query.get("password", [urllib.parse.unquote(parts.password or "")])[0]
    try:
        if parts.scheme == "unix":
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(timeout)
            connection.connect(urllib.parse.unquote(parts.path))
        else:
            connection = socket.create_connection(
                (parts.hostname or "127.0.0.1", parts.port or 6379), timeout
            )
        with connection:
            auth = ["AUTH", parts.username, password] if parts.username else ["AUTH", password]
            words = (auth if password else []), ["PING"]
            connection.sendall(b"".join(_redis_command(command) for command in words if command))
            answer = b""
            while b"+PONG\r\n" not in answer:
                part = connection.recv(1024)
                if not part or part.startswith(b"-"):
                    return False
                answer += part
            return True
    except (OSError, ValueError):
        return False


def _redis_command(words):
    encoded = [word.encode("utf-8") for word in words]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in encoded)
