"""
Ask finders and loaders that only know the protocol of Python 2 for modules again.

Django's six, other copies of it and libraries of the era put such finders on `sys.meta_path`.
https://docs.python.org/3/whatsnew/3.12.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.12",
    symptom="importing Django fails: No module named 'django.utils.six.moves'",
)


@patch.when_imported("sys")
def repair(sys):
    # Last: it costs nothing but to imports that are about to fail.
    sys.meta_path.append(OldFinders(sys.meta_path))


class OldFinders(object):
    """The finders on a path that have find_module() and no find_spec(), in their order."""

    def __init__(self, finders):
        self.finders = finders

    def find_spec(self, fullname, path=None, target=None):
        for finder in list(self.finders):
            if hasattr(finder, "find_spec") or not hasattr(finder, "find_module"):
                continue
            loader = finder.find_module(fullname, path)
            if loader is not None:
                from importlib.util import spec_from_loader

                if not hasattr(loader, "exec_module"):
                    loader = OldLoader(loader)
                return spec_from_loader(fullname, loader)


class OldLoader(object):
    """A loader with load_module() only."""

    def __init__(self, loader):
        self.loader = loader

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def create_module(self, spec):
        module = self.loader.load_module(spec.name)
        spec.loader_state = getattr(module, "__spec__", None)
        return module

    def exec_module(self, module):
        # It has run already, and if it is another module's it keeps its own name.
        own = module.__spec__.loader_state
        if own is not None:
            module.__spec__ = own
