"""
One file per defect, a folder per library it repairs; a file is found by being here.

A folder is looked into when the library it is named for is imported. Of its files one is read when
a module that it waits for has been imported, if the index (`_index.py`) knows which, else at once.
"""

import os
import sys
from _thread import RLock  # threading itself is slow to import, and this is in every process

from ..patching.deferred import Deferred
from ..patching.import_hooks import settle, when_imported
from ..patching.versions import python_is_untried
from . import _index as index

# Folders that something else than the import they are named for must load (None: at once).
LOADED_WITH = {
    "python": None,
    "security": "django",
    "drivers": "django",
    "cryptography": "cryptography.utils",
}

# Two locks: whoever imports a library waits for no install() that waits for that import.
_installing = RLock()
_loading = RLock()
_installed = False
_loaded = {}  # folder → its patches
_deferred = {}  # full name of a module → what stands in for its patch until it is read


def install():
    """Load each folder now or when its library is imported. Idempotent, thread-safe."""
    global _installed
    with _installing:
        settle()
        if _installed:
            return
        _installed = True
        untried = python_is_untried()
        if untried:
            when_imported("django", lambda _: say(untried))
        for folder in folders():
            library = LOADED_WITH.get(folder, folder)
            if library is None:
                arm(folder)
            else:
                when_imported(library, lambda _, folder=folder: arm(folder))


def is_installed():
    """Whether install() has run: patches of libraries that are not imported yet wait for them."""
    return _installed


def say(untried):
    """One line in each process that runs Django."""
    from ..patching.patch import warn

    warn("%s", untried)


def arm(folder):
    """Let each patch of a folder register with the import system."""
    known = index.known(folder)
    for name in files(folder):
        full = "%s.%s.%s" % (__name__, folder, name)
        if full in _deferred:
            continue  # the library was executed again
        if name in known:
            _deferred[full] = Deferred(full, *known[name])
            _deferred[full].arm()
        else:
            module(full).patch.arm()


def load(folder):
    """The patches of a folder, sorted by name."""
    with _loading:
        if folder not in _loaded:
            package = "%s.%s" % (__name__, folder)
            _loaded[folder] = [module("%s.%s" % (package, name)).patch for name in files(folder)]
        for patch in _loaded[folder]:
            if patch.module in _deferred:
                _deferred[patch.module].settle(patch)
        return _loaded[folder]


def module(name):
    """Import a module by its full name."""
    __import__(name)
    return sys.modules[name]


def folders():
    """Names of the folders here, sorted."""
    here = os.path.dirname(os.path.abspath(__file__))
    return sorted(
        n for n in os.listdir(here) if os.path.isfile(os.path.join(here, n, "__init__.py"))
    )


def files(folder):
    """Names of the modules of a folder, sorted."""
    here = os.path.dirname(os.path.abspath(__file__))
    names = (name.partition(".") for name in os.listdir(os.path.join(here, folder)))
    return sorted(
        stem for stem, _, kind in names if kind == "py" and stem.isidentifier() and stem[0] != "_"
    )


def every():
    """Every patch there is, sorted by name."""
    return [patch for folder in folders() for patch in load(folder)]
