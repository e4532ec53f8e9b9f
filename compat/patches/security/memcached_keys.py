"""
Refuse a key that memcached cannot take before it is sent: InvalidCacheKey, a ValueError.

A key with whitespace or control characters, or of more than 250 bytes, made some clients and
memcached disagree on where a command ends, and one visitor got another's data (CVE-2020-13254).
The setting COMPAT_MEMCACHED_KEY_CHECK = False sends every key, as before, for a site whose
client takes such keys; a subclass may have a validate_key() of its own instead.
https://www.djangoproject.com/weblog/2020/jun/03/security-releases/
"""

import functools
import re

from ...patching.patch import Patch
from ...patching.switches import Switch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a key with a space in it mixes up what memcached answers",
    cves=("CVE-2020-13254",),
)

check = Switch(
    "COMPAT_MEMCACHED_KEY_CHECK",
    True,
    text="False: every key is sent to memcached. One with whitespace or a line break can make it "
    "answer with the data of another key.",
    reopens=patch.cves,
    at=False,
)
FORBIDDEN = re.compile(b"[\\x00-\\x20\\x7f]")
# method → (name of its first argument, place of `version` among the positional ones)
ONE_KEY = {
    "add": ("key", 3),
    "get": ("key", 2),
    "set": ("key", 3),
    "delete": ("key", 1),
    "incr": ("key", 2),
    "decr": ("key", 2),
}
MANY_KEYS = {"get_many": ("keys", 1), "set_many": ("data", 2), "delete_many": ("keys", 1)}


@patch.when_imported("django.core.cache")
def name_error(package):
    from django.core.cache.backends import base

    class InvalidCacheKey(ValueError):
        """A key that memcached does not take."""

    InvalidCacheKey.__module__ = base.__name__
    patch.add(base, "InvalidCacheKey", InvalidCacheKey)
    patch.add(package, "InvalidCacheKey", base.InvalidCacheKey)


@patch.when_imported("django.core.cache.backends.memcached")
def repair(memcached):
    from django.core.cache.backends import base

    cls = memcached.BaseMemcachedCache
    patch.expect("validate_key" not in vars(cls), "it checks its keys already")
    patch.expect(hasattr(base, "InvalidCacheKey"), "there is no InvalidCacheKey")
    InvalidCacheKey = base.InvalidCacheKey

    def validate_key(self, key):
        if not check():
            return
        sent = key if isinstance(key, bytes) else key.encode("utf-8", "surrogatepass")
        # In bytes: memcached takes what comes after a line that is too long for the next command.
        if len(sent) > base.MEMCACHE_MAX_KEY_LENGTH:
            raise InvalidCacheKey(
                "%r has more than the %d bytes that a key in memcached may have"
                % (key, base.MEMCACHE_MAX_KEY_LENGTH)
            )
        if FORBIDDEN.search(sent):
            raise InvalidCacheKey("whitespace or a control character in %r" % key)

    def checked(name, first, place):
        stock = vars(cls).get(name)
        patch.expect(stock, "BaseMemcachedCache has no %s" % name)

        @functools.wraps(stock)
        def operation(self, *args, **kwargs):
            if not args and first in kwargs:
                args = (kwargs.pop(first),)
            if args:
                version = kwargs.get("version", args[place] if len(args) > place else None)
                if first == "keys":
                    args = (list(args[0]),) + args[1:]  # it may be an iterator
                for key in args[0] if name in MANY_KEYS else args[:1]:
                    self.validate_key(self.make_key(key, version=version))
            return stock(self, *args, **kwargs)

        patch.replace(cls, name, operation)

    patch.add(cls, "validate_key", validate_key)
    for methods in (ONE_KEY, MANY_KEYS):
        for name, (first, place) in methods.items():
            checked(name, first, place)
