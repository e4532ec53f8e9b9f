"""
How many processes of this machine may do something at once, without a server to ask.

A slot is a lock on a file: the kernel takes it back when its process ends, however that ends.
"""

import contextlib
import fcntl
import os
import stat
import tempfile
from typing import Iterator

from django.utils.crypto import salted_hmac

FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def folder() -> str:
    """Where the files of this site and user are; raises OSError if somebody else has been there."""
    site = salted_hmac(__name__, str(os.getuid())).hexdigest()[:20]
    path = os.path.join(tempfile.gettempdir(), "streams-" + site)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise OSError(f"{path} is not ours")
    return path


@contextlib.contextmanager
def slot(count: int) -> Iterator[bool]:
    """While the block runs one of `count` slots is taken; yields False when there is none left."""
    taken = None
    path = folder() if count else ""
    try:
        for number in range(count):
            file = os.open(os.path.join(path, str(number)), FLAGS, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(file)
                continue
            except BaseException:
                os.close(file)
                raise
            taken = file
            break
        yield taken is not None
    finally:
        if taken is not None:
            os.close(taken)
