"""The client is a small one that speaks memcached's protocol to a server of the probe."""

import pytest

from tests.compat.patches.probe import DJANGO, probe, prove

NAME = "security.memcached_keys"
CODE = (
    DJANGO
    + """
import socket, socketserver, threading
from django.core.cache.backends.memcached import BaseMemcachedCache

stored = {}

class Session(socketserver.StreamRequestHandler):
    def handle(self):
        for line in iter(self.rfile.readline, b""):
            words = line.split()
            if words[0] == b"set":
                stored[words[1]] = self.rfile.readline()[:-2]
                self.wfile.write(b"STORED\\r\\n")
            elif words[0] == b"get":
                for key in words[1:2]:
                    if key in stored:
                        self.wfile.write(b"VALUE %s\\r\\n" % stored[key])
                self.wfile.write(b"END\\r\\n")
            elif words[0] == b"delete":
                stored.pop(words[1], None)
                self.wfile.write(b"DELETED\\r\\n")

server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()

class Client(object):
    def __init__(self, servers):
        self.socket = socket.create_connection(server.server_address, timeout=30)
        self.lines = self.socket.makefile("rb")

    def tell(self, *lines):
        for line in lines:
            self.socket.sendall(line.encode() + b"\\r\\n")
        return self.lines.readline().decode().strip()

    def set(self, key, value, timeout=0):
        return self.tell("set %s 0 0 %d" % (key, len(value)), value) == "STORED"

    add = set

    def get(self, key):
        said = self.tell("get %s" % key)
        return None if said == "END" else said.partition(" ")[2] + self.tell()[3:]

    def delete(self, key):
        return self.tell("delete %s" % key)

    def set_multi(self, data, timeout):
        for key, value in data.items():
            self.set(key, value)

    def get_multi(self, keys):
        return {key: self.get(key) for key in keys}

    def delete_multi(self, keys):
        for key in keys:
            self.delete(key)

    def incr(self, key, delta):
        return self.tell("set %s 0 0 1" % key, "1")

    decr = incr

class Library(object):
    Client = Client

def tried(function, *arguments, **options):
    try:
        return function(*arguments, **options)
    except ValueError as error:
        return type(error).__name__

cache = BaseMemcachedCache("-", {}, Library, ValueError)
"""
)


def test_a_key_with_a_newline_is_no_second_command():
    prove(
        NAME,
        CODE
        + """
cache.set("other", "mine")
tried(cache.get, "x\\r\\ndelete :1:other")
print(b":1:other" in stored)
""",
        good="True",
        bad="False",
    )


CALLS = [
    "cache.add, key, 'v'",
    "cache.get, key",
    "cache.set, key, 'v'",
    "cache.set, key=key, value='v'",
    "cache.delete, key",
    "cache.incr, key",
    "cache.decr, key",
    "cache.get_many, ['good', key]",
    "cache.get_many, keys=iter([key])",
    "cache.set_many, {'good': 'v', key: 'v'}",
    "cache.delete_many, iter(['good', key])",
    "cache.get_or_set, key, 'v'",
    "cache.has_key, key",
]


@pytest.mark.parametrize("key", ["a b", "a\x7f", "\u00e9\n", "x" * 251])
def test_every_operation_refuses_it_before_anything_is_sent(key):
    calls = "".join("print(tried(%s), end=' ')\n" % call for call in CALLS)
    code = CODE + "key = %r\n%sprint(stored)\n" % (key, calls)
    said = " ".join(["InvalidCacheKey"] * len(CALLS)) + " {}"
    result = probe(code)
    assert result.said == said, result.error


GOOD = """
cache.set("a", "1")
cache.set(key="b", value="2", version=7)
cache.set_many({"c": "3"})
print(cache.get("a"), cache.get("b", None, 7), cache.get("b"), cache.get("b", version=7),
      sorted(cache.get_many(["a", "c"]).items()), cache.delete_many(iter("a")),
      cache.get("a", "-"), cache.get("\\u00e9" * 9))
"""


def test_other_keys_are_as_before():
    said = {probe(CODE + GOOD, disable=disable).said for disable in ("", NAME)}
    assert said == {"1 2 None 2 [('a', '1'), ('c', '3')] None - None"}


SWITCHED = """
from django.core.cache import InvalidCacheKey
from django.core.cache.backends import base
print(issubclass(InvalidCacheKey, ValueError), base.InvalidCacheKey is InvalidCacheKey)

class Own(BaseMemcachedCache):
    def validate_key(self, key):
        pass

class Hashed(BaseMemcachedCache):
    def make_key(self, key, version=None):
        return str(len(super(Hashed, self).make_key(key, version)))

key = "a" * 300
print(tried(cache.set, key, "1"), tried(Own("-", {}, Library, ValueError).set, key, "1"),
      tried(Hashed("-", {}, Library, ValueError).set, key, "1"))
settings.COMPAT_MEMCACHED_KEY_CHECK = False
print(tried(cache.set, key, "1"))
"""


def test_the_setting_and_a_subclass_may_allow_them():
    result = probe(CODE + SWITCHED)
    assert result.said == "True True\nInvalidCacheKey None None\nNone", result.error
