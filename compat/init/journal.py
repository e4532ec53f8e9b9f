"""
What was written, so that it can be taken back: only the lines, since settings have secrets.

One file beside manage.py. Files are written in place, so that owners, rights, links and labels
of SELinux stay as they are; if one cannot be written, all are as before.
"""

import json
import os
import shutil
from typing import Any, Callable, Dict, List, Optional

from . import restore
from .errors import InitError
from .source import Source, digest

NAME = ".bridge-init.json"
Content = Optional[bytes]  # None: there is no such file


def path(directory: str) -> str:
    return os.path.join(directory, NAME)


def read(directory: str) -> List[Dict[str, Any]]:
    """The writes so far, the first one first; raises InitError."""
    try:
        with open(path(directory), encoding="ascii") as file:
            found = json.load(file)["writes"]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InitError("%s cannot be read: %s" % (NAME, error))
    return list(found)


def write(directory: str, sources: List[Source]) -> None:
    """Write the changes of these files, and how to take them back."""
    made, before, after = {}, {}, {}
    for source in sources:
        result = source.result()
        before[source.path], after[source.path] = source.data, result
        record: Dict[str, Any] = {"after": digest(result or b"")}
        if source.data is not None:
            record["before"] = digest(source.data)
            record["hunks"] = [
                [hunk.at, hunk.old.decode("latin-1"), hunk.new.decode("latin-1")]
                for hunk in source.hunks()
            ]
        made[source.path] = record
    writes = read(directory)
    save(directory, writes + [made])
    try:
        replace(directory, before, after)
    except BaseException:
        save(directory, writes)
        raise


def undo(directory: str) -> List[str]:
    """Take everything back; the paths of the files that are as before. Raises InitError."""
    writes = read(directory)
    if not writes:
        raise InitError("there is no %s in %s: nothing to take back" % (NAME, directory))
    before: Dict[str, Content] = {}
    after: Dict[str, Content] = {}
    for made in reversed(writes):
        for name, record in sorted(made.items()):
            if name not in before:
                before[name] = after[name] = load(directory, name)
            after[name] = restore.earlier(name, record, after[name])
    changed = [name for name in before if before[name] != after[name]]
    replace(directory, {name: before[name] for name in changed}, after)
    os.remove(path(directory))
    return sorted(changed)


def load(directory: str, name: str) -> Content:
    try:
        with open(os.path.join(directory, name), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InitError("%s: %s; nothing was changed" % (name, error.strerror))


def save(directory: str, writes: List[Dict[str, Any]]) -> None:
    """The journal, for its owner's eyes only; none where there is nothing to take back."""
    place, new = path(directory), path(directory) + ".new"
    if not writes:
        os.remove(place)
        return
    text = json.dumps({"version": 1, "writes": writes}, indent=1, sort_keys=True)
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        like(directory, new)
        os.replace(new, place)
    except OSError as error:
        raise InitError("%s: %s; nothing was changed" % (NAME, error.strerror))


def replace(directory: str, before: Dict[str, Content], after: Dict[str, Content]) -> None:
    """Give all files their new content, or none; raises InitError."""
    done: List[str] = []
    try:
        for name in sorted(before):
            if load(directory, name) != before[name]:
                raise InitError("%s was changed just now: try again" % name)
        for name in sorted(before):
            done.append(name)
            put(directory, name, after[name])
    except BaseException as error:
        for name in done:
            put(directory, name, before[name])
        if isinstance(error, OSError):
            raise InitError("%s: %s; nothing was changed" % (done[-1], error.strerror))
        raise


def put(directory: str, name: str, content: Content) -> None:
    full = os.path.join(directory, name)
    if content is None:
        if os.path.exists(full):
            os.remove(full)
        return
    there = os.path.exists(full)
    with open(full, "r+b" if there else "xb") as file:
        file.write(content)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
    if not there:
        mode_of_neighbour(directory, full)


def mode_of_neighbour(directory: str, full: str) -> None:
    """A new file has the rights and the owner of the others, whoever runs this."""
    folder = os.path.dirname(full)
    others = [os.path.join(folder, name) for name in ("wsgi.py", "urls.py", "__init__.py")]
    for other in others:
        if os.path.isfile(other):
            shutil.copymode(other, full)
            break
    like(directory, full)


def like(directory: str, full: str) -> None:
    """The owner of the site's folder, where root runs this."""
    owner = os.stat(directory)
    _quietly(lambda: os.chown(full, owner.st_uid, owner.st_gid))


def _quietly(call: Callable[[], None]) -> None:
    try:
        call()
    except PermissionError:
        pass
