"""
Ask finders from `sys.path_hooks` that only know the protocol of Python 2 for modules again.
https://docs.python.org/3/whatsnew/3.12.html#removed
"""

import sys
from _frozen_importlib import ModuleSpec, spec_from_loader  # nothing can be imported meanwhile

from ...patching.patch import Patch
from .module_finders import OldLoader

patch = Patch(
    __name__,
    package="python",
    versions=">=3.12",
    symptom="every import fails: the path hook's finder has no attribute 'find_spec'",
)


@patch.when_imported("_frozen_importlib_external")
def repair(external):
    stock = external.PathFinder._path_hooks

    def _path_hooks(path):
        # Called once for each entry of the path: imports cost what they did.
        return adapted(stock(path))

    # As it is: this runs at every start of a process, and its argument has the stock's name.
    patch.replace(external.PathFinder, "_path_hooks", staticmethod(_path_hooks), as_it_is=True)


@patch.when_imported("pkgutil")
def repair_pkgutil(pkgutil):
    stock = pkgutil.get_importer

    def get_importer(path_item):
        """The finder for an entry of the path, None when there is none."""
        finder = stock(path_item)
        if adapted(finder) is not finder:
            # It is in the cache that imports use now, which must be able to ask it.
            for path, known in list(sys.path_importer_cache.items()):
                if known is finder:
                    sys.path_importer_cache[path] = adapted(finder)
        return finder

    patch.replace(pkgutil, "get_importer", get_importer)


def adapted(finder):
    """The finder, or one that knows today's protocol and asks it."""
    if finder is None or hasattr(finder, "find_spec"):
        return finder
    return OldFinder(finder)


class OldFinder(object):
    """A finder for one entry of the path with find_loader() or find_module() only."""

    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, fullname, target=None):
        portions = []
        if hasattr(self.finder, "find_loader"):
            loader, portions = self.finder.find_loader(fullname)
        else:
            loader = self.finder.find_module(fullname)
        if loader is None:
            spec = ModuleSpec(fullname, None) if portions else None
            if spec is not None:
                spec.submodule_search_locations = list(portions)
            return spec
        if not hasattr(loader, "exec_module"):
            loader = OldLoader(loader)
        return spec_from_loader(fullname, loader)
