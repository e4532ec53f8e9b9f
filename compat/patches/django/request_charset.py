"""
Take a charset from a Content-Type only where text can be decoded with it, and forget the others.

`zlib`, `idna` or `undefined` are names that Python knows, and reading the form raised, in the
error's report once more: no answer at all. And Python keeps each name it does not know, for good:
a client that makes up names of 16 kB fills the memory.
https://github.com/django/django/blob/1.11.29/django/core/handlers/wsgi.py#L97
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a form with an odd charset gets no answer; made-up charsets fill the memory",
)


@patch.when_imported("django.core.handlers.wsgi")
@patch.when_imported("channels.http")
def repair(module):
    patch.expect(hasattr(module, "codecs"), "charsets are looked up elsewhere")
    # Not by wrapping the requests' __init__(): channels' is wrapped by other repairs, which look.
    patch.replace(module, "codecs", TextCodecs(module.codecs))


class TextCodecs(object):
    """The module `codecs`, but lookup() finds only what can make text of any bytes."""

    def __init__(self, codecs):
        self._codecs = codecs

    def __getattr__(self, name):
        return getattr(self._codecs, name)

    def lookup(self, charset):
        try:
            found = self._codecs.lookup(charset)
        except (LookupError, ValueError) as error:  # a ValueError for a NUL
            forget_unknown()
            raise LookupError(str(error))
        if not decodes(charset):
            raise LookupError("no text can be decoded as %a" % charset)
        return found


def decodes(charset):
    """Whether any bytes become text, some of it maybe marked as wrong."""
    try:
        return isinstance(bytes(range(256)).decode(charset, "replace"), str)
    except Exception:  # a codec may raise what it likes
        return False


def forget_unknown():
    """Have Python forget the encodings it was asked for and does not have."""
    import encodings

    cache = getattr(encodings, "_cache", {})
    for name, found in list(cache.items()):
        if found is None:
            cache.pop(name, None)
