"""Directories with the mode asked for."""

import os


def make_directories(path, mode):
    """
    Like os.makedirs(exist_ok=True), with `mode` on every directory it makes, whatever the umask.

    The umask, which is of the whole process, is not touched. Directories that exist keep theirs.
    """
    parent = os.path.dirname(os.path.abspath(path))
    if not os.path.exists(parent):
        make_directories(parent, mode)
    try:
        os.mkdir(path, mode)
        os.chmod(path, mode)
    except OSError:  # EEXIST, or whatever the system says first
        if not os.path.isdir(path):
            raise
