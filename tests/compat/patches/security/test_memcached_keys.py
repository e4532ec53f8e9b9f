"""
A real memcached, and python-memcached as its client.

The client looks at keys itself unless it is told not to, as a site may for speed; pylibmc, which
has no wheel for every Python, does not look at what is in a key.
"""

import pytest

from tests.support.databases import start_memcached
from tests.support.fixtures import or_skip
from tests.support.probe import DJANGO, probe, prove, source
from tests.support.servers import HOST

NAME = "security.memcached_keys"


# `PREFIX`: a name space of this probe's own; "PREFIX:1:key" is what memcached calls a key.
@source(DJANGO)
def code_probe(settings):
    global cache
    import os
    import uuid

    PREFIX = uuid.uuid4().hex
    options = {
        "BACKEND": "django.core.cache.backends.memcached.MemcachedCache",
        "KEY_PREFIX": PREFIX,
        "LOCATION": os.environ["MEMCACHED"],
        "OPTIONS": {"check_keys": False},
    }
    settings.CACHES = {"default": options}
    from django.core.cache import cache

    def tried(function, *arguments, **more):
        try:
            return function(*arguments, **more)
        except ValueError as error:
            return type(error).__name__


@pytest.fixture(scope="module")
def memcached(tmp_path_factory):
    server = or_skip(lambda: start_memcached(tmp_path_factory.mktemp("memcached")))
    yield {"MEMCACHED": "%s:%d" % (HOST, server.port)}
    server.stop()


def test_a_key_with_a_space_is_not_another_key(memcached):
    @source(code_probe)
    def code(PREFIX, cache, tried):
        cache.set("other", "of another")
        print(tried(cache.get, "x %s:1:other" % PREFIX))

    prove(NAME, code, good="InvalidCacheKey", bad="of another", env=memcached)


def test_a_key_with_a_newline_is_no_second_command(memcached):
    @source(code_probe)
    def code(PREFIX, cache, tried):
        cache.set("other", "here")
        tried(cache.get, "x\r\ndelete %s:1:other" % PREFIX)
        cache.get("x")  # where there were two commands, it reads the second one's answer
        cache.close()
        print(cache.get("other"))

    prove(NAME, code, good="here", bad="None", env=memcached)


@pytest.mark.parametrize("key", ["x" * 251, "\u00e9" * 126], ids=["characters", "bytes"])
def test_a_value_is_no_command_after_a_key_that_is_too_long(memcached, key):
    """memcached goes by bytes, and by what follows a line that it does not take."""
    code = (
        code_probe
        + """
cache.set("other", "here")
tried(cache.set, %a, "delete %%s:1:other" %% PREFIX)  # reads two answers: it deletes, too
cache.close()
print(cache.get("other"))
"""
        % key
    )
    prove(NAME, code, good="here", bad="None", env=memcached)


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
    "cache.incr_version, key",
]


@pytest.mark.parametrize("key", ["a b", "a\x7f", "\u00e9\n", "\x00", "x" * 251, "\u20ac" * 84])
def test_every_operation_refuses_it_before_it_connects(memcached, key):
    calls = "".join("print(tried(%s), end=' ')\n" % call for call in CALLS)
    code = code_probe + "key = %r\n%sprint([s.socket for s in cache._cache.servers])\n" % (
        key,
        calls,
    )
    result = probe(code, env=memcached)
    assert result.said == " ".join(["InvalidCacheKey"] * len(CALLS)) + " [None]", result.error


@source
def good(PREFIX, cache, tried):
    cache.set("a", "1")
    cache.set(key="b", value="2", version=7)
    cache.set_many({"c": "3", "n": 4})
    print(
        cache.get("a"),
        cache.get("b", None, 7),
        cache.get("b"),
        cache.get("b", version=7),
        sorted(cache.get_many(["a", "c"]).items()),
        cache.delete_many(iter("a")),
        cache.get("a", "-"),
        cache.get("\u00e9" * 9),
        cache.add("c", 5),
        cache.incr("n", 3),
        cache.decr("n"),
        cache.get_or_set("d", 8),
        cache.has_key("d"),
        tried(cache.incr, "absent"),
    )
    longest = 250 - len(PREFIX + ":1:")
    for key in ("y" * longest, "\u00e9" * (longest // 2)):
        cache.set(key, "long")
        print(cache.get(key))


def test_other_keys_are_as_before(memcached):
    said = {probe(code_probe + good, disable=disable, env=memcached).said for disable in ("", NAME)}
    assert said == {
        "1 2 None 2 [('a', '1'), ('c', '3')] None - None False 7 6 8 True ValueError\nlong\nlong"
    }


@source
def switched(PREFIX, cache, options, os, settings, tried):
    import sys

    from django.core.cache import InvalidCacheKey  # before anything of memcached is imported
    from django.core.cache.backends import base

    print("django.core.cache.backends.memcached" in sys.modules)
    from django.core.cache.backends.memcached import MemcachedCache

    print(issubclass(InvalidCacheKey, ValueError), base.InvalidCacheKey is InvalidCacheKey)

    class Own(MemcachedCache):
        def validate_key(self, key):
            pass

    class Bytes(MemcachedCache):
        def make_key(self, key, version=None):
            return super(Bytes, self).make_key(key, version).encode()

    print(
        Bytes(os.environ["MEMCACHED"], options).get("absent"),
        tried(Bytes(os.environ["MEMCACHED"], options).get, "a b"),
    )

    class Hashed(MemcachedCache):
        def make_key(self, key, version=None):
            return str(len(super(Hashed, self).make_key(key, version)))

    cache.set("other", "of another")
    key = "x %s:1:other" % PREFIX
    for cls in (MemcachedCache, Own, Hashed):
        print(tried(cls(os.environ["MEMCACHED"], options).get, key), end=", ")
    settings.COMPAT_MEMCACHED_KEY_CHECK = False
    print(tried(cache.get, key))


def test_the_setting_and_a_subclass_may_allow_them(memcached):
    said = "False\nTrue True\nNone InvalidCacheKey\nInvalidCacheKey, of another, None, of another"
    result = probe(code_probe + switched, env=memcached)
    assert result.said == said, result.error
