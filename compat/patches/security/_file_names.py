"""Which names of files stay inside of the folder they are for."""

import os

from ...patching.switches import Switch

absolute_allowed = Switch(
    "COMPAT_ABSOLUTE_FILE_NAMES",
    text="True: Storage.save() and upload_to may name any absolute path. No client may influence "
    "it. Paths below the storage's own folder do not need it.",
    reopens=["CVE-2021-31542", "CVE-2021-45452"],
)


def check_path(name, storage=None):
    """
    Return `name`, relative with slashes of either kind, if it stays below the folder it is for.

    Raises SuspiciousFileOperation where it does not, and where there is no name at its end. It may
    be absolute below the folder of the `storage`, where it says no more than a relative one and
    storage.open(…).name is such a path, or with settings.COMPAT_ABSOLUTE_FILE_NAMES. Whatever is
    no path is a TypeError.
    """
    path = with_slashes(name)
    if is_no_name(path.rpartition("/")[2]):
        refuse("%r does not end in a file name", name)
    if has_parent(path):
        refuse('%r has ".." in it', name)
    if path.startswith("/") and not (is_inside(path, storage) or absolute_allowed()):
        refuse("%r is absolute, which needs COMPAT_ABSOLUTE_FILE_NAMES", name)
    return name


def is_inside(path, storage):
    """Whether an absolute path without ".." is below the folder of a storage that has one."""
    location = getattr(storage, "location", None)
    if not isinstance(location, str) or not os.path.isabs(location):
        return False
    return path.startswith(with_slashes(location).rstrip("/") + "/")


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
