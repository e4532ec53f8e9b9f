"""
Write down how every function and class of some libraries looks to whoever looks, as JSON.

    python -S looks.py FILE bridge|stock LIBRARY...
"""

import ctypes.util
import functools
import importlib
import inspect
import json
import pkgutil
import re
import sys

MAKES = (
    inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
    | inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
)
APPS = (
    "admin admindocs auth contenttypes flatpages humanize messages postgres redirects sessions"
    " sitemaps sites staticfiles syndication"
).split()


def main(path, side, *libraries):
    if side == "bridge":
        import compat

        compat.install()
    # Each module of GeoDjango looks for the same libraries, with a compiler and a linker.
    ctypes.util.find_library = functools.lru_cache(maxsize=None)(ctypes.util.find_library)
    import django
    from django.conf import settings

    # Not the reference site: the bridge is one of its apps.
    settings.configure(
        SECRET_KEY="looks",
        INSTALLED_APPS=["django.contrib." + name for name in APPS] + ["channels"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    )
    django.setup()
    assert side == "bridge" or "compat" not in sys.modules
    looks = Looks()
    for module in modules(libraries):
        looks.of_module(module)
    with open(path, "w") as file:
        json.dump({"found": looks.found, "looks": looks.texts}, file)


def modules(libraries):
    """Every module of the libraries that can be imported here, by name."""
    names = list(libraries)
    for library in libraries:
        package = importlib.import_module(library)
        walk = pkgutil.walk_packages(package.__path__, library + ".", onerror=lambda name: None)
        names += [found.name for found in walk if not found.name.endswith("__main__")]
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:  # of a library that is not installed
            sys.modules.pop(name, None)
    return [sys.modules[name] for name in sorted(names) if name in sys.modules]


class Looks(object):
    """found: path of an attribute → place of its look in `texts`."""

    def __init__(self):
        self.found = {}
        self.texts = []
        self.places = {}  # text → its place
        self.known = {}  # id → (object, place)

    def of_module(self, module):
        for name, value in list(vars(module).items()):
            self.note("%s:%s" % (module.__name__, name), value)
            if issubclass(type(value), type) and value.__module__ == module.__name__:
                for attribute, own in resolved(value).items():
                    self.note("%s:%s.%s" % (module.__name__, name, attribute), own)

    def note(self, path, value):
        if id(value) not in self.known:
            text = look(value)
            if text is not None:
                text = self.places.setdefault(text, len(self.texts))
                if text == len(self.texts):
                    self.texts.append(list(self.places)[-1])
            self.known[id(value)] = value, text
        place = self.known[id(value)][1]
        if place is not None:
            self.found[path] = place


def resolved(cls):
    """Every attribute of a class and its bases as it is kept, but for those of `object`."""
    found = {}
    for owner in reversed(cls.__mro__[:-1]):
        found.update(vars(owner))
    return found


def look(value):
    """All that tells one function, property or class from another, as text; None for the rest."""
    kind = type(value).__name__
    if issubclass(type(value), (staticmethod, classmethod)):  # isinstance() wakes lazy objects
        return "%s(%s)" % (kind, look(value.__func__))
    if type(value) is property:
        parts = [look(value.fget), look(value.fset), look(value.fdel), value.__doc__]
        return "%s%s" % (kind, parts)
    if issubclass(type(value), type):
        return "class %s.%s %s" % (value.__module__, value.__qualname__, value.__doc__)
    if kind in ("SyncToAsync", "DatabaseSyncToAsync", "cached_property"):
        return "%s(%s)" % (kind, look(value.func))
    if type(value) is not type(look):
        return None
    code = value.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    told = [
        kind,
        code.co_varnames[:count],
        code.co_argcount,
        code.co_kwonlyargcount,
        getattr(code, "co_posonlyargcount", 0),
        code.co_flags & MAKES,
        value.__defaults__,
        sorted((value.__kwdefaults__ or {}).items()),
        signature(value),
        value.__module__,
        value.__qualname__,
        value.__name__,
        value.__doc__,
        sorted(set(vars(value)) - {"__wrapped__"}),
        sorted(value.__annotations__),
    ]
    return re.sub(" at 0x[0-9a-f]+", "", repr(told))


def signature(function):
    try:
        return str(inspect.signature(function))
    except Exception as error:
        return repr(error)


if __name__ == "__main__":
    main(*sys.argv[1:])
