"""
A file of the site: its text, its syntax tree, and what is to change in it.

Whatever is not changed keeps its bytes: line endings, tabs, encoding, comments. The tree only says
where things are.
"""

import ast
import hashlib
import io
import os
import tokenize
from typing import Any, List, NamedTuple, Optional, Tuple

from .errors import InitError, Unsafe

PARSO = "parso==0.8.7"


class Hunk(NamedTuple):
    """Whole lines that are replaced; `at` is where they are in the new file."""

    at: int
    old: bytes
    new: bytes


class Source:
    """
    `path` is relative to the site's folder; `data` is None where there is no such file yet.

    `blocked` says why it is not written to; what would change in it is shown all the same.
    """

    def __init__(self, path: str, data: Optional[bytes], blocked: str = "") -> None:
        self.path, self.data, self.blocked = path, data, blocked
        self.broken = ""  # why it cannot be read
        self.is_python = path.endswith(".py")
        self.encoding, self.text, self.newline = "utf-8", "", "\n"
        self.changes: List[Tuple[int, int, str]] = []
        self._tree: Any = None
        self._starts: List[int] = []
        if data is not None:
            self._decode(data)

    def _decode(self, data: bytes) -> None:
        try:
            if self.is_python:
                self.encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
            self.text = data.decode(self.encoding)
            if self.is_python:
                ast.parse(data, self.path)
        except SyntaxError as error:
            place = "line %d: " % error.lineno if error.lineno else ""
            self.broken = "%sSyntaxError: %s" % (place, error.msg)
        except (UnicodeDecodeError, ValueError, LookupError) as error:
            self.broken = "it cannot be read: %s" % error
        if not self.broken and self.text.encode(self.encoding) != data:
            self.broken = "its encoding, %s, does not give the same bytes again" % self.encoding
        if self.text.count("\r\n") * 2 > self.text.count("\n"):
            self.newline = "\r\n"

    @property
    def tree(self) -> Any:
        """parso's module; raises Unsafe where the file is no Python."""
        if self.broken:
            raise Unsafe(self.broken)
        if self._tree is None:
            self._tree = parso_grammar().parse(self.text)
        return self._tree

    def offset(self, position: Tuple[int, int]) -> int:
        """Where parso's (line, column) is in the text."""
        if not self._starts:
            from parso.utils import split_lines

            self._starts = [0]
            for line in split_lines(self.text, keepends=True):
                self._starts.append(self._starts[-1] + len(line))
        return self._starts[position[0] - 1] + position[1]

    def change(self, start: int, end: int, text: str) -> None:
        """Have text[start:end] replaced; "\\n" in the new text is the file's own line ending."""
        self.changes.append((start, end, text.replace("\n", self.newline)))

    def insert_lines(self, offset: int, lines: List[str]) -> None:
        """Have whole lines put at the begin of a line, or at the end."""
        first = self.text[:offset].endswith(("\n", "\r")) or not offset
        self.change(offset, offset, ("" if first else "\n") + "".join(x + "\n" for x in lines))

    def after(self, node: Any) -> int:
        """The begin of the line after a statement of the module."""
        end = self.offset(node.end_pos)
        line_end = self.text.find("\n", end - 1 if self.text[end - 1 : end] == "\n" else end)
        return len(self.text) if line_end < 0 else line_end + 1

    def before(self, node: Any) -> int:
        """The begin of a statement's line, or of the comment that stands directly above it."""
        line, lines = node.start_pos[0], self.text.splitlines(True)
        while line > 3 and lines[line - 2].lstrip().startswith("#"):
            line -= 1
        return self.offset((line, 0))

    def blank_before(self, offset: int) -> bool:
        """Whether there is nothing, or an empty line, above."""
        above = self.text[:offset].splitlines()
        return not above or not above[-1].strip()

    def hunks(self) -> List[Hunk]:
        """What changes, in whole lines, from the top."""
        found: List[Hunk] = []
        shift = 0
        for start, end, changes in self._ranges():
            old, new, place = self.text[start:end], "", start
            for begin, stop, text in changes:
                new += self.text[place:begin] + text
                place = stop
            new += self.text[place:end]
            if old == new:
                continue
            before, after = self._bytes(old), self._bytes(new)
            at = len(self._bytes(self.text[:start])) + shift
            found.append(Hunk(at, before, after))
            shift += len(after) - len(before)
        if found and self.encoding == "utf-8-sig":
            found = [one._replace(at=one.at + 3) for one in found]
        return found

    def _ranges(self) -> List[Tuple[int, int, List[Tuple[int, int, str]]]]:
        """The changes, in groups that touch the same lines."""
        groups: List[Tuple[int, int, List[Tuple[int, int, str]]]] = []
        for start, end, text in sorted(self.changes, key=lambda one: one[:2]):
            begin, stop = start, end
            if not (self._at_line(start) and self._at_line(end) and text.endswith("\n")):
                # Lines that only go need one beside them, to be found again.
                before = start - 1 if start and self._at_line(start) and not text else start
                begin = self.text.rfind("\n", 0, before) + 1
                line_end = self.text.find("\n", end)
                stop = len(self.text) if line_end < 0 else line_end + 1
            if groups and (begin < groups[-1][1] or begin == groups[-1][0]):
                last = groups[-1]
                groups[-1] = (last[0], max(stop, last[1]), last[2] + [(start, end, text)])
            else:
                groups.append((begin, stop, [(start, end, text)]))
        return groups

    def _at_line(self, offset: int) -> bool:
        return not offset or self.text[offset - 1] == "\n"

    def _bytes(self, text: str) -> bytes:
        encoding = "utf-8" if self.encoding == "utf-8-sig" else self.encoding
        try:
            return text.encode(encoding)
        except UnicodeEncodeError as error:
            raise Unsafe("%r cannot be written in %s" % (error.object[error.start], encoding))

    def result(self) -> Optional[bytes]:
        """What the file would be; raises Unsafe where that would be no Python."""
        if not self.changes:
            return self.data
        data = self.data or b""
        for hunk in self.hunks():
            if data[hunk.at : hunk.at + len(hunk.old)] != hunk.old:
                raise Unsafe("its encoding, %s, depends on what was before" % self.encoding)
            data = data[: hunk.at] + hunk.new + data[hunk.at + len(hunk.old) :]
        if self.is_python:
            try:
                ast.parse(data, self.path)
            except (SyntaxError, ValueError) as error:
                raise Unsafe("the change would not be Python: %s" % error)
        return data


def parso_grammar() -> Any:
    """For this Python, or for the newest that the installed parso knows."""
    try:
        import parso
    except ImportError:
        raise InitError("init reads code with parso, which is not installed: pip install " + PARSO)
    try:
        return parso.load_grammar()
    except NotImplementedError:
        return parso.load_grammar(version="3.8")


def why_not(directory: str, path: str) -> str:
    """Why a file of the site is not written to, "" where it is."""
    full, top = os.path.join(directory, path), os.path.realpath(directory) + os.sep
    real = os.path.realpath(full)
    if not real.startswith(top):
        return "it is a link to %s, outside of the site's folder" % real
    if os.path.exists(real):
        # Root may write anywhere; who took the right from a file has a reason.
        if not os.access(real, os.W_OK) or not os.stat(real).st_mode & 0o222:
            return "it is read-only"
    elif not os.access(os.path.dirname(real), os.W_OK):
        return "its folder is read-only"
    return ""


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
