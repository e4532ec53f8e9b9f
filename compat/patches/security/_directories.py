"""Directories with the mode asked for."""

import os
import stat


def make_directories(path, mode):
    """
    Like os.makedirs(exist_ok=True), with `mode` on every directory it makes, whatever the umask.

    The umask, which is of the whole process, is not touched. Directories that exist keep theirs,
    and new ones what they inherit: the bit by which files get their group from the directory.
    """
    path = os.path.abspath(path)
    parent = os.path.dirname(path)
    if not os.path.exists(parent):
        make_directories(parent, mode)
    try:
        os.mkdir(path, mode)
        os.chmod(path, mode | os.stat(path).st_mode & stat.S_ISGID)
    except OSError:  # EEXIST, or whatever the system says first
        if not os.path.isdir(path):
            raise
