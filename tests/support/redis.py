"""A real Redis (or Valkey) server, and a client that needs no redis-cli."""

import os
import socket

import pytest

from tests.support import binaries
from tests.support.servers import HOST, Server, free_port


class RedisError(Exception):
    """Redis refused a command, in its own words."""


class Redis(Server):
    """A server without data of before, in .folder; .port and .url."""

    def __init__(self, folder, *options):
        self.folder, port = str(folder), free_port()
        command = [binaries.redis_server(), "--bind", HOST, "--port", str(port)]
        command += ["--dir", self.folder, "--save", "", "--appendonly", "no"] + list(options)
        self.url = "redis://%s:%d/0" % (HOST, port)
        super(Redis, self).__init__(command, port, os.path.join(self.folder, "redis.log"))

    def say(self, *words, **options):
        return say(self.port, *words, **options)


def say(port, *words, password=None):
    """
    Redis' answer to a command: bytes, an int, None, or a list of these.

    RedisError when it refuses, OSError when it is not there. The test is skipped for want of users.
    """
    with socket.create_connection((HOST, port), timeout=20) as connection:
        with connection.makefile("rwb") as stream:
            if password:
                _send(stream, "AUTH", password)
                _receive(stream)
            _send(stream, *words)
            try:
                return _receive(stream)
            except RedisError as error:
                if words[0] == "ACL" and str(error).startswith("ERR unknown command"):
                    pytest.skip("this Redis has no users, as before 6")  # Python 3.6's wheel
                raise


def info(port, section):
    """A section of INFO as text; "" when no server is there."""
    try:
        return say(port, "INFO", section).decode()
    except (OSError, RedisError):
        return ""


def _send(stream, *words):
    words = [str(word).encode() for word in words]
    stream.write(b"*%d\r\n" % len(words))
    for word in words:
        stream.write(b"$%d\r\n%s\r\n" % (len(word), word))
    stream.flush()


def _receive(stream):
    """https://redis.io/docs/latest/develop/reference/protocol-spec/"""
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("Redis hung up")
    kind, rest = line[:1], line[1:-2]
    if kind == b"-":
        raise RedisError(rest.decode())
    if kind == b"+":
        return rest
    if kind == b":":
        return int(rest)
    if int(rest) < 0:
        return None
    if kind == b"$":
        return stream.read(int(rest) + 2)[:-2]
    return [_receive(stream) for _ in range(int(rest))]
