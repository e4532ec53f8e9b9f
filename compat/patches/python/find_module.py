"""
Offer `find_module()` of Python's own finders again, as `pkgutil.iter_modules()` gives them.
https://docs.python.org/3/whatsnew/3.12.html#removed
"""

import sys

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.12",
    symptom="an older library fails: 'FileFinder' object has no attribute 'find_module'",
)


def find_module(self, fullname, path=None):
    """The loader of a module, None when the finder does not have it."""
    spec = self.find_spec(fullname)
    return None if spec is None else spec.loader


def find_in_meta(cls, fullname, path=None):
    """The same for finders on `sys.meta_path`."""
    spec = cls.find_spec(fullname, path)
    return None if spec is None else spec.loader


@patch.when_imported("_frozen_importlib_external")
def repair(external):
    patch.add(external.FileFinder, "find_module", find_module)
    patch.add(external.PathFinder, "find_module", classmethod(find_in_meta))


@patch.when_imported("_frozen_importlib")
def repair_builtin(bootstrap):
    for finder in (bootstrap.BuiltinImporter, bootstrap.FrozenImporter):
        patch.add(finder, "find_module", classmethod(find_in_meta))


@patch.when_imported("zipimport")
def repair_zip(zipimport):
    patch.add(zipimport.zipimporter, "find_module", find_module)


@patch.when_imported("importlib")
def repair_importlib(importlib):
    def find_loader(name, path=None):
        """The loader of a module; ValueError when an imported one has none."""
        from importlib.machinery import PathFinder
        from importlib.util import find_spec

        # Unless it is imported, a module is looked for in the path that is given.
        here = path is not None and name not in sys.modules
        spec = PathFinder.find_spec(name, path) if here else find_spec(name)
        return None if spec is None else spec.loader

    patch.add(importlib, "find_loader", find_loader)


@patch.when_imported("pkgutil")
def repair_pkgutil(pkgutil):
    from importlib.machinery import FileFinder, SourceFileLoader

    patch.add(pkgutil, "ImpImporter", FileFinder)
    patch.add(pkgutil, "ImpLoader", SourceFileLoader)
