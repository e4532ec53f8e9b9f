"""
Accept regular expressions that switch a flag on anywhere but at their start, like r"^(?i)page/$".

Python took such a flag to hold for the whole expression; now it is an error. URL patterns are
joined to reverse a URL, so that even a flag at the start of one ends up in the middle.
https://docs.python.org/3/whatsnew/3.11.html#re
"""

import functools
import re

from ...patching.patch import Patch
from ...patching.stand_in import StandIn

patch = Patch(
    __name__,
    package="django",
    versions="<2.0",
    python=">=3.11",
    symptom="a URL pattern with (?i) is not a valid regular expression, or reverse() fails",
)

# What must be skipped as a whole, or (group 1) the letters of flags that hold everywhere.
TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?#[^)]*\)|\(\?([aiLmsux]+)\)|.", re.DOTALL)


def flags_first(pattern):
    """The same expression with its flags at the start; itself when it has none."""
    letters = set()

    def take(token):
        if token.group(1) is None:
            return token.group()
        letters.update(token.group(1))
        return "(?:)"  # keeps what is left and right of it apart

    rest = TOKEN.sub(take, pattern)
    return "(?%s)%s" % ("".join(sorted(letters)), rest) if letters else pattern


@functools.lru_cache(maxsize=512)
def compile(pattern, flags=0):
    """Like re.compile()."""
    try:
        return re.compile(pattern, flags)
    except re.error:
        moved = flags_first(pattern) if isinstance(pattern, str) else pattern
        if moved == pattern:
            raise
        return Regex(pattern, flags, re.compile(moved, flags))


def search(pattern, string, flags=0):
    """Like re.search()."""
    return compile(pattern, flags).search(string)


class Regex(object):
    """A compiled expression whose `pattern` is as it was written: Django joins patterns."""

    def __init__(self, pattern, flags, compiled):
        self.pattern = pattern
        self._flags = flags
        self._compiled = compiled

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._compiled, name)

    def __repr__(self):
        return "re.compile(%r)" % self.pattern

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        return compile, (self.pattern, self._flags)


@patch.when_imported("django.urls.resolvers")
@patch.when_imported("django.core.validators")
@patch.when_imported("django.db.backends.sqlite3.base")
def repair(module):
    patch.replace(module, "re", StandIn(module.re, compile=compile, search=search))
