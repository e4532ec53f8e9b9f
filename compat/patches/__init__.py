"""
One file per defect, a folder per library it repairs; a file is found by being here.

A folder's files are loaded when the library it is named for is imported, so a process
that never imports daphne never reads daphne's patches.
"""
import importlib
import pkgutil
import threading

# Folders that are not named for the import that must load them (None: at once).
LOADED_WITH = {"python": None, "security": "django", "drivers": "django"}

_lock = threading.RLock()
_installed = False
_loaded = {}  # folder → its patches


def install():
    """Load each folder now or when its library is imported. Idempotent, thread-safe."""
    global _installed
    from wrapt.importer import register_post_import_hook

    with _lock:
        if _installed:
            return
        _installed = True
        for folder in folders():
            library = LOADED_WITH.get(folder, folder)
            if library is None:
                arm(folder)
            else:
                register_post_import_hook(lambda _, folder=folder: arm(folder), library)


def arm(folder):
    """Load a folder's patches and let each register with the import system."""
    for patch in load(folder):
        patch.arm()


def load(folder):
    """The patches of a folder, sorted by name."""
    with _lock:
        if folder not in _loaded:
            package = importlib.import_module("%s.%s" % (__name__, folder))
            names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
            _loaded[folder] = [
                importlib.import_module("%s.%s" % (package.__name__, name)).patch for name in names
            ]
        return _loaded[folder]


def folders():
    """Names of the folders here, sorted."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__) if info.ispkg)


def every():
    """Every patch there is, sorted by name."""
    return [patch for folder in folders() for patch in load(folder)]
