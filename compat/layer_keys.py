"""
Keys that the channel layer encrypts with, kept in a file.

    from compat import layer_keys

    CHANNEL_LAYERS = {"default": {
        "BACKEND": "compat.channel_layer.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [...], "symmetric_encryption_keys": layer_keys.read("var/layer_keys")},
    }}

One key a line; the first encrypts, each decrypts. To change keys while everything runs:

    python -m compat.layer_keys var/layer_keys add      a new key, at the end: everybody can read it
    python -m compat.layer_keys var/layer_keys use      it moves to the front: everybody writes it
    python -m compat.layer_keys var/layer_keys drop     the others go, a minute after the restart

After each step, copy the file to the other machines and restart all processes (daphne, uWSGI,
others that send). A step that is repeated changes nothing: a comment in the file says which was the
last one. `create` makes the first file, where read() has not.
"""

import argparse
import contextlib
import os
import secrets
import stat
import sys
import tempfile
from typing import Iterator, List, Optional, Sequence, Tuple

LEAST_CHARACTERS = 32
STEPS = ("add", "use", "drop")

# Lines of the file: how far a rotation is. Readers skip them like any comment.
ADDED = "# rotation: the last key is new and not in use yet"
IN_USE = "# rotation: the first key is in use, the others can be dropped"
MARKS = (ADDED, IN_USE)
AFTERWARDS = {
    "create": (
        "Copy the file to every other machine of the site before its processes start; where "
        "settings or the environment hold the keys themselves, write the new one there."
    ),
    "add": (
        "Copy the file to every other machine of the site (where settings or the environment hold "
        "the keys themselves, write all of them there, in this order), restart every process "
        "(daphne, uWSGI, all that send), then: use"
    ),
    "use": (
        "Copy the file and restart every process as after `add`; have what is stored under the old "
        "keys sealed anew (manage.py deploy_secrets rotate); a minute later: drop"
    ),
    "drop": "Copy the file and restart every process as before, and the old keys are gone.",
}


class BadKeys(Exception):
    """The file cannot be read, or holds no usable keys."""


def read(path: str) -> List[str]:
    """The keys as a list of texts; the file is made (mode 0600) when there is none."""
    try:
        keys = parse(path)
    except FileNotFoundError:
        write(path, [new()], exclusive=True)
        keys = parse(path)
    except OSError as error:
        raise BadKeys("%s cannot be read: %s" % (path, error.strerror))
    return keys


def parse(path: str) -> List[str]:
    """The keys of a file that exists. Raises BadKeys, OSError."""
    return parse_all(path)[0]


def parse_all(path: str) -> Tuple[List[str], List[str]]:
    """The keys, and the comments."""
    with open(path, encoding="utf-8") as file:
        try:
            lines = [line.strip() for line in file]
        except UnicodeDecodeError:
            raise BadKeys("%s is not text" % path)
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys:
        raise BadKeys("%s holds no key: delete it, or write one" % path)
    return checked(keys, path), [line for line in lines if line.startswith("#")]


def checked(keys: List[str], where: str) -> List[str]:
    """The keys, if each is long enough; `where` they are from is for the error, BadKeys."""
    if any(len(key) < LEAST_CHARACTERS for key in keys):
        raise BadKeys("%s: a key must have %d characters" % (where, LEAST_CHARACTERS))
    return keys


def new() -> str:
    """A new key."""
    return secrets.token_urlsafe(32)


def create(path: str) -> List[str]:
    """Make the first file, in a folder that is there; returns its keys. Raises BadKeys."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise BadKeys("%s: there is no folder %s" % (path, folder))
    if os.path.lexists(path):
        raise BadKeys("%s exists, and stays as it is" % path)
    write(path, [new()], exclusive=True)
    return parse(path)


def change(path: str, step: str) -> Tuple[List[str], bool]:
    """
    One of STEPS; returns the keys, and whether they are others than before. Raises BadKeys.

    A step that has been done does nothing. What could lose a key that is in use is refused.
    """
    path = os.path.realpath(path)  # what a link points to is what others read, too
    with alone(path):
        return change_alone(path, step)


@contextlib.contextmanager
def alone(path: str) -> Iterator[None]:
    """Of several that change a file at the same time, each waits for the others."""
    import fcntl

    try:
        handle = os.open(os.path.dirname(path), os.O_RDONLY)
    except OSError:  # there is no such folder, and no file
        yield
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            pass  # some file systems of networks cannot
        yield
    finally:
        os.close(handle)


def change_alone(path: str, step: str) -> Tuple[List[str], bool]:
    """change() while nobody else does."""
    try:
        keys, comments = parse_all(path)
    except FileNotFoundError:
        raise BadKeys("%s does not exist: mistyped? `create` makes a first file" % path)
    except OSError as error:
        raise BadKeys("%s cannot be read: %s" % (path, error.strerror))
    mark = next((line for line in comments if line in MARKS), None)
    after = changed(path, keys, mark, step)
    if after is None:
        return keys, False
    kept = [line for line in comments if line not in MARKS]
    write(path, after, comments=kept + {"add": [ADDED], "use": [IN_USE], "drop": []}[step])
    return after, True


def changed(path: str, keys: List[str], mark: Optional[str], step: str) -> Optional[List[str]]:
    """The keys after a step; None where it has been done before. Raises BadKeys."""
    several = len(keys) > 1
    if step == "add":
        if several and mark == IN_USE:
            raise BadKeys("%s: the last rotation is not finished: drop the old keys first" % path)
        return None if several and mark == ADDED else keys + [new()]
    if not several:
        if step == "use":
            raise BadKeys("%s has only one key: add another first" % path)
        return None
    if mark is None:
        raise BadKeys(
            "%s has %d keys and does not say which of them is new: `add` keeps all of them and "
            "begins with another one" % (path, len(keys))
        )
    if step == "use":
        return None if mark == IN_USE else keys[-1:] + keys[:-1]
    if mark == ADDED:
        raise BadKeys("%s: the new key is not in use yet, and would be lost: use it first" % path)
    return keys[:1]


def write(
    path: str, keys: Sequence[str], exclusive: bool = False, comments: Sequence[str] = ()
) -> None:
    """Replace the file at once; with `exclusive`, only if there is none. Raises BadKeys."""
    try:
        write_aside(path, "".join(line + "\n" for line in [*comments, *keys]), exclusive)
    except OSError as error:
        raise BadKeys("%s cannot be written: %s" % (path, error.strerror))


def write_aside(path: str, text: str, exclusive: bool = False) -> None:
    """
    Put a private file (mode 0600) in the place of `path`, whole or not at all, even in a power cut.

    It keeps the owner, group and mode of the one that it replaces. With `exclusive` nothing is
    done where there is a file, or another process is faster. Raises OSError.
    """
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder)  # mode 0600
    temporary: Optional[str] = name
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if exclusive:
            try:
                os.link(name, path)  # unlike rename, fails when another process was first
            except FileExistsError:
                pass
        else:
            if os.path.exists(path):
                hand_over(name, os.stat(path))
            os.replace(name, path)
            temporary = None
    finally:
        if temporary is not None:
            os.unlink(temporary)
    sync_folder(folder)


def sync_folder(folder: str) -> None:
    """Have the names in a folder outlive a power cut, where its file system can."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        pass  # some file systems of networks cannot
    finally:
        os.close(handle)


def hand_over(path: str, kept: os.stat_result) -> None:
    """Give a file the owner, group and mode of another: who could read that can read this."""
    try:
        os.chown(path, kept.st_uid if os.geteuid() == 0 else -1, kept.st_gid)
    except PermissionError:
        return  # of a group that we are not in; private, rather than open to another one
    os.chmod(path, stat.S_IMODE(kept.st_mode))


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m " + (__package__ or "compat") + ".layer_keys",
        description="Change the channel layer's keys, in three steps with a restart after each.",
    )
    parser.add_argument("path", help="the file with the keys")
    parser.add_argument(
        "step",
        choices=("create",) + STEPS,
        help="create a first file, where there is none; add a new key that everybody can read, use "
        "it for writing, drop the others",
    )
    options = parser.parse_args(arguments)
    try:
        if options.step == "create":
            keys, done = create(options.path), True
        else:
            keys, done = change(options.path, options.step)
    except BadKeys as error:
        sys.stderr.write("%s\n" % error)
        return 1
    number = "%d key%s" % (len(keys), "" if len(keys) == 1 else "s")
    what = number if done else "nothing to do, %s as before" % number
    print("%s: %s. %s" % (options.path, what, AFTERWARDS[options.step]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
