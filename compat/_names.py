"""
The bridge's import names: `django_bridge` where a wheel installed it, `compat` in a copy of the
folder, or what a site has made of it. Loaded in every process, so it imports next to nothing.
"""

import sys

WHEEL = "django_bridge"
BEFORE = "compat"  # what wheels up to 0.1.0 called it


def is_second(name):
    """
    Whether another copy repairs this process already; said in one line, once for each copy.

    Repaired twice, a function would have lost the stock's look that the second repair goes by.
    """
    told = vars(sys).setdefault("_bridge_copies", [name])
    if told[0] == name:
        return False
    if name not in told:
        told.append(name)
        sys.stderr.write(
            "two copies of the bridge: %s repairs this process, %s leaves it to that; keep one\n"
            % (told[0], name)
        )
    return True


class Hint(object):
    """Last on sys.meta_path: an import that nobody could serve says what the name is today."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != BEFORE or path is not None or not is_import(sys._getframe(1)):
            return None
        later = sys.meta_path[sys.meta_path.index(self) + 1 :]
        asked = [getattr(finder, "find_spec", lambda *_: None) for finder in later]
        found = [find_spec(fullname, path, target) for find_spec in asked]
        if not any(found):
            raise ModuleNotFoundError(
                "No module named '%s'; the bridge's wheel is imported as %s: write that for it in "
                "imports, INSTALLED_APPS, MIDDLEWARE and urls.py" % (BEFORE, WHEEL),
                name=BEFORE,
            )
        return next(filter(None, found))


def is_import(frame):
    """Whether it is an import that asks, and not somebody who only wants to know what is there."""
    return frame.f_back is not None and frame.f_back.f_code.co_name == "_find_and_load_unlocked"


def hint():
    """Have imports of the wheel's earlier name explained; once."""
    if not any(type(finder) is Hint for finder in sys.meta_path):
        sys.meta_path.append(Hint())
