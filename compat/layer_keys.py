"""
Keys that the channel layer encrypts with, kept in a file.

    from compat import layer_keys

    CHANNEL_LAYERS = {"default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [...], "symmetric_encryption_keys": layer_keys.read("var/layer_keys")},
    }}

One key a line; the first encrypts, each decrypts. To change keys while everything runs, with a
restart of all processes (daphne, uWSGI, others that send) after each step:

    python -m compat.layer_keys var/layer_keys add      a new key, at the end: everybody can read it
    python -m compat.layer_keys var/layer_keys use      it moves to the front: everybody writes it
    python -m compat.layer_keys var/layer_keys drop     the others go, a minute after the restart
"""

import argparse
import os
import secrets
import stat
import sys
import tempfile
from typing import List, Optional, Sequence

LEAST_CHARACTERS = 32
STEPS = ("add", "use", "drop")


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
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys:
        raise BadKeys("%s holds no key: delete it, or write one" % path)
    return checked(keys, path)


def checked(keys: List[str], where: str) -> List[str]:
    """The keys, if each is long enough; `where` they are from is for the error, BadKeys."""
    if any(len(key) < LEAST_CHARACTERS for key in keys):
        raise BadKeys("%s: a key must have %d characters" % (where, LEAST_CHARACTERS))
    return keys


def new() -> str:
    """A new key."""
    return secrets.token_urlsafe(32)


def change(path: str, step: str) -> List[str]:
    """One of STEPS; returns the keys. Raises BadKeys."""
    keys = read(path)
    if step == "add":
        keys = keys + [new()]
    elif step == "use":
        if len(keys) < 2:
            raise BadKeys("%s has only one key: add another first" % path)
        keys = keys[-1:] + keys[:-1]
    else:
        keys = keys[:1]
    write(path, keys)
    return keys


def write(path: str, keys: Sequence[str], exclusive: bool = False) -> None:
    """Replace the file at once; with `exclusive`, only if there is none. Raises BadKeys."""
    try:
        write_aside(path, "".join(key + "\n" for key in keys), exclusive)
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
        choices=STEPS,
        help="add a new key that everybody can read, use it for writing, drop the others",
    )
    options = parser.parse_args(arguments)
    try:
        keys = change(options.path, options.step)
    except BadKeys as error:
        sys.stderr.write("%s\n" % error)
        return 1
    print("%s: %d keys. Restart every process of the site now." % (options.path, len(keys)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
