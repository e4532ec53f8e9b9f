"""Which names of files stay inside of the folder they are for."""

import posixpath


def check_path(name):
    """
    Return `name`, relative with slashes of either kind, if it stays below the folder it is for.

    Raises SuspiciousFileOperation where it does not, and where there is no name at its end. With
    settings.COMPAT_ABSOLUTE_FILE_NAMES it may be absolute.
    """
    path = str(name).replace("\\", "/")
    base = posixpath.basename(path)
    if base in ("", ".", ".."):
        refuse("%r ends in no name of a file", name)
    if has_parent(path):
        refuse('%r has ".." in it', name)
    if path.startswith("/") and not absolute_allowed():
        refuse("%r is absolute", name)
    return name


def has_parent(path):
    """Whether one of the steps of a path with slashes of either kind is ".."."""
    return ".." in path.replace("\\", "/").split("/")


def refuse(complaint, name):
    from django.core.exceptions import SuspiciousFileOperation

    raise SuspiciousFileOperation("Refused as the name of a file: " + complaint % str(name))


def absolute_allowed():
    from django.conf import settings

    return getattr(settings, "COMPAT_ABSOLUTE_FILE_NAMES", False)
