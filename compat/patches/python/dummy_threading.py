"""
Import `dummy_threading` and `_dummy_thread` again: the real ones, which are always there now.
https://docs.python.org/3/whatsnew/3.9.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.9",
    symptom="an older library fails: No module named 'dummy_threading'",
)

REAL = {"dummy_threading": "threading", "_dummy_thread": "_thread"}


@patch.when_imported("sys")
def repair(sys):
    # Last: it costs nothing but to imports that are about to fail.
    sys.meta_path.append(Finder())


class Finder(object):
    """Finds the modules that Python no longer has."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname in REAL:
            from importlib.util import spec_from_loader

            return spec_from_loader(fullname, self)

    def create_module(self, spec):
        return None  # an ordinary one, until the real one takes its place

    def exec_module(self, module):
        import sys
        from importlib import import_module

        sys.modules[module.__name__] = import_module(REAL[module.__name__])
