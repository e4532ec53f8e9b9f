"""
The bridge: makes the pinned Django 1.11 stack right at run time.

    import compat
    compat.install()  # first line of manage.py, wsgi.py and asgi.py

Importing this package imports no Django and costs next to nothing; `install()` only puts
hooks in place, so a process that never loads channels never pays for channels' repairs.
"""

import sys

__version__ = "0.1.1"

__all__ = ["install", "report"]

# What was known when install() ran first: None = not yet, True = Django was imported before.
late = None

default_app_config = __name__ + ".apps.CompatConfig"  # read by Django < 3.2


def install():
    """
    Put the repairs in place for whatever is imported from now on, or was imported already.

    Idempotent and thread-safe. `COMPAT_DISABLE=name,name` (shell patterns allowed) leaves
    patches out. Never raises for a patch that does not fit: see `report()`; ImportError on a
    Python that is too old. One that is newer than any we know is told so when Django is imported.
    """
    global late
    require_python()
    from . import _names, patches

    if __name__ == _names.WHEEL:
        _names.hint()
    if _names.is_second(__name__):
        return
    if late is None:
        late = "django" in sys.modules
    patches.install()


def require_python():
    """Raise ImportError on a Python that is too old; must be readable by Python 2."""
    if sys.version_info < (3, 6):
        raise ImportError("compat needs Python 3.6 or newer, this is %d.%d" % sys.version_info[:2])


def report():
    """
    What became of every patch, as a list of dicts sorted by name.

    Keys, strings: name, library, versions (that have the defect), installed (version, ""
    when absent), state (applied, waiting, not needed, refused, disabled), reason, symptom, link;
    and cves, a list of strings.
    """
    from . import patches

    return [patch.record() for patch in patches.every()]
