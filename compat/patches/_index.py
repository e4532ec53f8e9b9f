"""
Which modules each patch waits for, noted so that a file need not be read to know it.

`python -m compat activate` and the build of the wheel write `targets.txt`. A line counts as long as
its file is what it was then: of the same size, and not younger, or else with the same checksum.
Without a line that counts the file is read at once.
"""

import os

HERE = os.path.dirname(os.path.abspath(__file__))
FILE = "targets.txt"
FORMAT = b"patches 1"  # the first line

_lines = None  # (when it was written, folder → name → fields)


def known(folder):
    """{name: (clauses on Python's version, targets)} of a folder's files, where the index holds."""
    written, lines = _read()
    lines = lines.get(folder)
    if not lines:
        return {}
    found = {}
    for entry in os.scandir(os.path.join(HERE, folder)):
        stem, _, kind = entry.name.partition(".")
        if kind == "py" and stem in lines:
            size, checksum, gate, targets = lines[stem]
            status = entry.stat()
            if str(status.st_size) == size and (
                status.st_mtime_ns <= written or sum_of(entry.path) == checksum
            ):
                found[stem] = gate, targets.split()
    return found


def sum_of(path):
    """A checksum of a file."""
    from binascii import crc32  # seldom, and often a library of its own

    with open(path, "rb") as file:
        return str(crc32(file.read()))


def _read():
    global _lines
    if _lines is None:
        _lines = 0, {}
        try:
            with open(os.path.join(HERE, FILE), "rb") as file:
                first, *rest = file.read().split(b"\n")
                written = os.fstat(file.fileno()).st_mtime_ns
            if first == FORMAT:
                lines = {}
                for line in rest:
                    if line:
                        folder, name, *fields = line.decode("ascii").split("\t")
                        size, checksum, gate, targets = fields
                        lines.setdefault(folder, {})[name] = fields
                _lines = written, lines
        except (OSError, ValueError):
            pass  # nothing is known
    return _lines


def write(patches, path=""):
    """Write the index of these patches' files as they are; OSError where that is not possible."""
    rows = [FORMAT.decode()]
    for patch in patches:
        folder, name = patch.module.split(".")[-2:]
        source = os.path.join(HERE, folder, name + ".py")
        size, checksum = str(os.path.getsize(source)), sum_of(source)
        targets = " ".join(dict(patch.repairs))
        rows.append("\t".join((folder, name, size, checksum, patch.gate, targets)))
    path = path or os.path.join(HERE, FILE)
    with open(path + ".new", "w") as file:
        try:
            file.write("\n".join(rows) + "\n")
            file.flush()
            os.replace(path + ".new", path)
        except BaseException:
            os.remove(path + ".new")
            raise
