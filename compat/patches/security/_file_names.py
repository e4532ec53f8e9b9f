"""Which names of files stay inside of the folder they are for."""

import os

from ...patching.switches import Switch

absolute_allowed = Switch(
    "COMPAT_ABSOLUTE_FILE_NAMES",
    text="True: Storage.save() and upload_to may name an absolute path inside MEDIA_ROOT. No "
    "client may influence it.",
    reopens=["CVE-2021-31542", "CVE-2021-45452"],
)


def check_path(name):
    """
    Return `name`, relative with slashes of either kind, if it stays below the folder it is for.

    Raises SuspiciousFileOperation where it does not, and where there is no name at its end. With
    settings.COMPAT_ABSOLUTE_FILE_NAMES it may be absolute. Whatever is no path is a TypeError.
    """
    path = with_slashes(name)
    if is_no_name(path.rpartition("/")[2]):
        refuse("%r does not end in a file name", name)
    if has_parent(path):
        refuse('%r has ".." in it', name)
    if path.startswith("/") and not absolute_allowed():
        refuse("%r is absolute, which needs COMPAT_ABSOLUTE_FILE_NAMES", name)
    return name


def with_slashes(path):
    """The text of a str or os.PathLike, with slashes only; a TypeError for any other object."""
    path = os.fspath(path)
    if not isinstance(path, str):
        raise TypeError("a file name must be text, not %s" % type(path).__name__)
    return path.replace("\\", "/")


def is_no_name(base):
    """Whether what is after the last slash cannot be the name of a file."""
    return base in ("", ".", "..")


def has_parent(path):
    """Whether one of the steps of a path with slashes is ".."."""
    return ".." in path.split("/")


def refuse(complaint, name):
    from django.core.exceptions import SuspiciousFileOperation

    raise SuspiciousFileOperation("Refused as a file name: " + complaint % str(name))
