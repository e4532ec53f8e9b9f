"""
Take a charset from a Content-Type only where text can be decoded with it, and forget the others.

`zlib`, `idna` or `undefined` are names that Python knows, and reading the form raised, in the
error's report once more: no answer at all. And Python keeps each name it does not know, for good:
a client that makes up names of 16 kB fills the memory.
https://github.com/django/django/blob/1.11.29/django/core/handlers/wsgi.py#L97
"""

import functools

from ...patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a form with an odd charset gets no answer; made-up charsets fill the memory",
)


@patch.when_imported("django.core.handlers.wsgi")
def repair(wsgi):
    repair_request(wsgi.WSGIRequest)


@patch.when_imported("channels.http")
def repair_asgi(http):
    repair_request(http.AsgiRequest)


def repair_request(request):
    stock = vars(request).get("__init__")
    patch.expect(stock is not None, "requests begin in another way")

    @functools.wraps(stock)
    def __init__(self, *args, **kwargs):
        stock(self, *args, **kwargs)
        if "charset" in getattr(self, "content_params", ()):
            if not self.encoding:
                forget_unknown()
            elif not decodes(self.encoding):
                self._encoding = None

    patch.replace(request, "__init__", __init__)


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
