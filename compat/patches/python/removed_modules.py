"""
Say in the error of an import which Python removed the module, and what brings it back.

Only the error changes: the module stays as absent as before for `find_spec()` and for
`except ImportError`.
https://docs.python.org/3/whatsnew/3.13.html#pep-594-remove-dead-batteries-from-the-standard-library
"""

from ...patching.patch import Patch
from ._removed import BESIDE, REMOVED, hint

patch = Patch(
    __name__,
    package="python",
    versions=">=3.7",
    symptom="No module named 'imghdr', and nothing says where to get it",
)

BOOTSTRAP = "<frozen importlib._bootstrap>"


@patch.when_imported("sys")
def repair(sys):
    # Last: it costs nothing but to imports that are about to fail.
    sys.meta_path.append(Finder(sys))


class Finder(object):
    """Finds nothing; raises the error of the import itself, with the hint."""

    def __init__(self, sys):
        self._sys = sys

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in REMOVED and fullname not in BESIDE:
            return None
        if not self._is_import(self._sys._getframe()) or self._others_find(fullname, path, target):
            return None
        error = ModuleNotFoundError("No module named %r" % fullname, name=fullname)
        if hasattr(error, "add_note"):  # since 3.11; who compares the text sees what it was
            error.add_note(hint(fullname))
        else:
            error.msg = "%s; %s" % (error.msg, hint(fullname))
        raise error  # Python has no such module any more

    @staticmethod
    def _is_import(frame):
        """Whether the import system asks for an import; not importlib.util.find_spec()."""
        while frame is not None and frame.f_code.co_filename != BOOTSTRAP:
            frame = frame.f_back
            if frame is not None and frame.f_code.co_name == "_find_spec":
                frame = frame.f_back
                return frame is not None and frame.f_code.co_name == "_find_and_load_unlocked"
        return False

    def _others_find(self, fullname, path, target):
        """Whether a finder that was added later has it."""
        finders = self._sys.meta_path
        for finder in finders[finders.index(self) + 1 :] if self in finders else ():
            find = getattr(finder, "find_spec", None)
            if find is not None and find(fullname, path, target) is not None:
                return True
        return False
