"""
Refuse a key that memcached cannot take before it is sent: InvalidCacheKey, a ValueError.

A key with whitespace or control characters, or of more than 250 bytes, made some clients and
memcached disagree on where a command ends, and one visitor got another's data (CVE-2020-13254).
The setting COMPAT_MEMCACHED_KEY_CHECK = False sends every key, as before, for a site whose
client takes such keys; a subclass may have a validate_key() of its own instead.
https://www.djangoproject.com/weblog/2020/jun/03/security-releases/
"""

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
    patch.add(cls, "validate_key", validate_key)
    for name, keys_of in METHODS.items():
        stock = vars(cls).get(name)
        patch.expect(stock, "BaseMemcachedCache has no %s" % name)
        patch.replace(cls, name, checked(stock, keys_of))


def validate_key(self, key):
    from django.core.cache.backends.base import MEMCACHE_MAX_KEY_LENGTH, InvalidCacheKey

    if not check():
        return
    sent = key if isinstance(key, bytes) else key.encode("utf-8", "surrogatepass")
    # In bytes: memcached takes what comes after a line that is too long for the next command.
    if len(sent) > MEMCACHE_MAX_KEY_LENGTH:
        raise InvalidCacheKey(
            "%r has more than the %d bytes that a key in memcached may have"
            % (key, MEMCACHE_MAX_KEY_LENGTH)
        )
    if FORBIDDEN.search(sent):
        raise InvalidCacheKey("whitespace or a control character in %r" % key)


def checked(stock, keys_of):
    """The method, with its keys checked first. keys_of: makes the keys of its first argument."""

    # Patch.replace() has it called with all of the stock's arguments, of which `version` is last.
    def operation(self, first, *rest):
        keys = keys_of(first)
        for key in keys:
            self.validate_key(self.make_key(key, version=rest[-1]))
        return stock(self, keys if keys_of is list else first, *rest)

    return operation


def alone(key):
    return (key,)


# What makes the keys of the first argument of each method. list: it may be an iterator.
METHODS = {
    "add": alone,
    "get": alone,
    "set": alone,
    "delete": alone,
    "incr": alone,
    "decr": alone,
    "get_many": list,
    "delete_many": list,
    "set_many": tuple,
}
