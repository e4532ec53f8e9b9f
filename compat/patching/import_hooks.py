"""
Call a function whenever a module has been imported.

Our own, because this runs at the start of every process of the environment: wrapt's hooks would
load inspect and thirty other modules there, several times the cost of everything else we do.
"""

import sys

from . import BRIDGE

_watched = {}  # name of a module → its hooks
_prepared = {}  # name of a module → what is to be called before its execution
_unfinished = []  # (name, hook): the module was half-way through its import when we looked
_executed = []  # modules that are complete, but whose import has not ended: their hooks run


def when_imported(name, function):
    """
    Call `function(module)` after each execution of module `name`; at once if it is there already.

    An exception of the function is logged and never fails the import. A module that is being
    imported at this moment is waited for, or, in a circular import, taken by a later settle().
    """
    hook = Hook(function)
    _find_first()
    _watched.setdefault(name, []).append(hook)
    if name in sys.modules:
        if is_partial(sys.modules[name]):
            _wait_for(name)
        _look(name, hook)


def before_execution(name, function):
    """
    Call `function(module)` before each execution of module `name`, while it is empty.

    What it returns, unless None, is called when the execution has ended, failed or not. A module
    that is there already is left alone. An exception of either is logged and fails no import.
    """
    _find_first()
    _prepared.setdefault(name, []).append(function)


def _find_first():
    if Finder.instance not in sys.meta_path:
        sys.meta_path.insert(0, Finder.instance)


def settle():
    """Call what had to wait for the end of a circular import."""
    for item in list(_unfinished):
        _unfinished.remove(item)
        _look(*item)


def is_partial(module):
    """Whether the module is still being executed."""
    if any(module is other for other in _executed):
        return False
    return is_initializing(module)


def is_initializing(module):
    """Whether the import of the module has not ended; None is no module."""
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def may_be_watched(name):
    """
    Whether a submodule may be watched once it has been loaded.

    Its package is being imported, and our hooks of that watch submodules; another thread may
    import one meanwhile.
    """
    package = name.partition(".")[0]
    return package in _watched and is_initializing(sys.modules.get(package))


def holders(module):
    """
    The modules that may have taken something from `module` by value.

    Right after its execution only those loaded meanwhile: whoever began to import it before is
    still waiting. At any other time all of them.
    """
    modules = list(sys.modules.values())
    if any(module is other for other in _executed):
        for place in range(len(modules) - 1, -1, -1):  # it is among the last
            if modules[place] is module:
                return modules[place:]  # in the order of their imports
    return modules


def _wait_for(name):
    try:
        __import__(name)  # waits if another thread imports it
    except Exception:
        return  # it failed there, and is told there


def _look(name, hook):
    module = sys.modules.get(name)
    if module is None or hook.seen is module:
        return
    if is_partial(module):
        _unfinished.append((name, hook))
    else:
        hook.fire(module)


class Hook(object):
    """A function and the module it was last called with."""

    def __init__(self, function):
        self.function = function
        self.seen = None

    def fire(self, module):
        self.seen = module
        _call("after", module.__name__, self.function, module)


def _call(when, name, function, *arguments):
    """What the function returns; None where it raises, which is logged and fails no import."""
    try:
        return function(*arguments)
    except Exception as error:
        import logging  # only a process with something to say pays for it

        logging.getLogger(BRIDGE).warning(
            "%s the import of %s: %s: %s", when, name, type(error).__name__, error
        )


class Finder(object):
    """First on sys.meta_path: lets the others find a watched module and wraps its loader."""

    instance = None

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in _watched and fullname not in _prepared and not may_be_watched(fullname):
            return None
        finders = sys.meta_path
        # Only those after us, so that two finders like this one cannot call each other for ever.
        for finder in finders[finders.index(self) + 1 :] if self in finders else ():
            find = getattr(finder, "find_spec", None)
            spec = find(fullname, path, target) if find is not None else None
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = Loader(spec.loader)
                return spec
        return None


Finder.instance = Finder()


class Loader(object):
    """Stands before a module's own loader until the module is executed."""

    def __init__(self, loader):
        self._loader = loader

    @property
    def __class__(self):
        return self._loader.__class__

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        create = getattr(self._loader, "create_module", None)
        return None if create is None else create(spec)

    def exec_module(self, module):
        spec = getattr(module, "__spec__", None)
        if spec is not None and spec.loader is self:
            spec.loader = self._loader
        if getattr(module, "__loader__", None) is self:
            module.__loader__ = self._loader
        name = module.__name__
        # A list, since what one of them loads may ask for more.
        endings = [
            _call("before", name, prepare, module) for prepare in list(_prepared.get(name, ()))
        ]
        try:
            self._loader.exec_module(module)
        finally:
            for end in filter(None, reversed(endings)):
                _call("after", name, end)
        # A module may put another in its place.
        module = sys.modules.get(name, module)
        _executed.append(module)
        try:
            for hook in list(_watched.get(name, ())):
                hook.fire(module)
        finally:
            _executed.remove(module)
        settle()
