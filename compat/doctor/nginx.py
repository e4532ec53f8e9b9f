"""What `nginx -T` prints, read as blocks: who listens where, and which location leads to daphne."""

import fnmatch
import os
import re
import socket
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from . import wire
from .processes import Address

FILE = re.compile(r"^# configuration file (.*):$", re.M)
TOKEN = re.compile(
    r"""\s+|\#[^\n]*|(?P<mark>[;{}])"""
    r"""|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'"""
    r"""|(?P<word>(?:\$\{|\\.|[^\s;{}\\])+)""",
    re.S,
)
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "": 1}
LOCAL = ("127.0.0.1", "::1", "localhost")
PASS = ("proxy_pass",)


class Block:
    """`own`: directive → the arguments of each time it stands here; `place` is for people."""

    def __init__(self, words: List[str], place: str, parent: Optional["Block"]):
        self.words, self.place, self.parent = words, place, parent
        self.own: Dict[str, List[List[str]]] = {}
        self.blocks: List[Block] = []

    def __str__(self) -> str:
        return "%s in %s" % (" ".join(self.words), self.place)

    def all(self, name: str) -> List[List[str]]:
        """Each time that it counts here: a level that has it hides those around it."""
        block: Optional[Block] = self
        while block:
            if name in block.own:
                return block.own[name]
            block = block.parent
        return []

    def value(self, name: str, default: str = "") -> str:
        """The first argument of a directive that stands once."""
        found = self.all(name)
        return found[-1][0] if found and found[-1] else default

    def seconds(self, name: str, default: float) -> float:
        return seconds(self.value(name), default)

    def pairs(self, name: str) -> Dict[str, str]:
        """Of proxy_set_header or uwsgi_param: {name in lower case: value}."""
        return {one[0].lower(): one[1] for one in self.all(name) if len(one) > 1}

    def walk(self, *names: str) -> Iterator["Block"]:
        for block in self.blocks:
            if block.words and block.words[0] in names:
                yield block
            yield from block.walk(*names)

    def up(self, name: str) -> "Block":
        """The block of that name around it, or itself."""
        block = self
        while block.parent and block.words[:1] != [name]:
            block = block.parent
        return block


class Server(NamedTuple):
    """A server block and the addresses of it; the first is where it may be asked."""

    block: Block
    listens: List[Tuple[Address, bool]]  # with TLS or not


class Hop(NamedTuple):
    """A server of a nginx on the way of a request, and the location that it takes there."""

    server: Server
    location: Block
    address: Address
    tls: bool


class Nginx:
    """One nginx's configuration."""

    def __init__(self, text: str):
        self.root = parse(text)
        self.servers = [
            Server(block, [listen(one) for one in block.own.get("listen", [["80"]]) if one])
            for http in self.root.walk("http")
            for block in http.walk("server")
        ]

    def targets(self, location: Block, *names: str) -> List[Address]:
        """Where a location's proxy_pass (or others) leads; nothing where a variable says it."""
        told = [location.own[name][-1][0] for name in names or PASS if location.own.get(name)]
        where = told[0] if told else ""
        if "proxy_pass" not in location.own:  # whose addresses have no scheme, or their own
            where = "http://" + re.sub(r"\A\w+://(?!/)", "", where)
        match = re.match(r"http://(unix:)?([^/$]+|/[^:$]+)(?:[:/].*)?\Z", where)
        if not match:
            return []
        if match.group(1):
            return [match.group(2)]
        for block in self.root.walk("upstream"):
            if block.words[1:] == [match.group(2)]:
                return [address(one[0]) for one in block.own.get("server", []) if "down" not in one]
        return [address(match.group(2))]

    def serving(self, where: Address, host: str) -> Optional[Tuple[Server, bool]]:
        """The server that takes a request for a host at an address, and whether it is TLS."""
        found = []
        for one in self.servers:
            for spot, tls in one.listens:
                if same(spot, where):
                    found.append((named(one.block, host), len(found), one, tls))
        if not found:
            return None
        best = min(found, key=lambda row: row[:2])
        return best[2], best[3]


def parse(text: str) -> Block:
    """The main file's block with the included files in their places."""
    parts = FILE.split(text)
    files = dict(zip(parts[1::2], parts[2::2])) or {"": text}
    main = parts[1] if len(parts) > 1 else ""
    root = Block([], main, None)
    _read(files, main, root, 0)
    return root


def _read(files: Dict[str, str], name: str, block: Block, depth: int) -> None:
    text, words, opaque = files.get(name, ""), [], 0  # type: str, List[str], int
    for match in TOKEN.finditer(text):
        mark, kind = match.group("mark"), match.lastgroup
        if opaque:  # Lua, in which braces are paired
            opaque += {"{": 1, "}": -1}.get(mark or "", 0)
        elif kind in ("word", "double", "single"):
            words.append(match.group(kind))
        elif mark == "{":
            line = text.count("\n", 0, match.start())  # the dump has a line before the file's
            place = "%s:%d" % (name, max(line, 1)) if name else "line %d" % (line + 1)
            opaque = int(words[:1] != [] and words[0].endswith("_by_lua_block"))
            if not opaque:
                block.blocks.append(Block(words, place, block))
                block = block.blocks[-1]
            words = []
        elif mark == "}":
            block, words = block.parent or block, []
        elif mark == ";" and words:
            if words[0] == "include" and len(words) == 2 and depth < 10:
                for file in _included(files, words[1]):
                    _read(files, file, block, depth + 1)
            else:
                block.own.setdefault(words[0], []).append(words[1:])
            words = []


def _included(files: Dict[str, str], pattern: str) -> List[str]:
    base = os.path.dirname(next(iter(files)))
    path = os.path.join(base, pattern)
    return sorted(
        name
        for name in files
        if name == path or (fnmatch.fnmatch(name, path) and name.count("/") == path.count("/"))
    )


def seconds(text: str, default: float) -> float:
    """75s, 1m30s, 500ms, 60."""
    if not re.match(r"(\d+(ms|[smhdw]?)\s*)+\Z", text):
        return default
    return sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)(ms|[smhdw]?)", text))


def address(text: str) -> Address:
    """host, host:port, [v6]:port or unix:path, as in a server line."""
    if text.startswith("unix:"):
        return text[5:]
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        host, port = text, "80"
    host = host.strip("[]")
    return ("127.0.0.1" if host == "localhost" else host, int(port))


def listen(words: List[str]) -> Tuple[Address, bool]:
    """Of a listen line, with "" for every address."""
    text, tls = words[0], "ssl" in words
    if text.isdigit():
        return ("", int(text)), tls
    found = address(text)
    if isinstance(found, tuple) and found[0] in ("*", "0.0.0.0", "::"):  # noqa: S104 (compared)
        return ("", found[1]), tls
    return found, tls


def same(spot: Address, where: Address) -> bool:
    """Whether who listens at a spot is reached at an address."""
    if isinstance(spot, str) or isinstance(where, str):
        return spot == where
    return spot[1] == where[1] and spot[0] in ("", where[0])


def named(block: Block, host: str) -> int:
    """How well a server's names fit a host: 0 its name, … 4 it is there for the rest, 5."""
    host = host.lower()
    best = 5
    for one in [word for words in block.own.get("server_name", []) for word in words]:
        name = one.lower()
        if name == host:
            best = min(best, 0)
        elif name.startswith((".", "*.")):
            tail = name.lstrip("*")
            if host.endswith(tail) or host == tail[1:]:
                best = min(best, 1)
        elif name.endswith(".*") and host.startswith(name[:-1]):
            best = min(best, 2)
        elif name.startswith("~") and _matches(one[1:], host, 0):
            best = min(best, 3)
    flagged = any("default_server" in words for words in block.own.get("listen", []))
    return min(best, 4) if flagged else best


def _matches(expression: str, text: str, flags: int) -> bool:
    try:
        return bool(re.search(expression, text, flags))
    except re.error:
        return False


def location(block: Block, path: str) -> Block:
    """The location of a server (or location) that takes a path; itself for none."""
    exact, prefix, expression = None, None, None  # type: Any, Any, Any
    length, final = -1, False
    for one in block.blocks:
        if one.words[:1] != ["location"] or len(one.words) < 2:
            continue
        kind, text = one.words[1] if len(one.words) > 2 else "", one.words[-1]
        if kind == "=":
            exact = one if text == path else exact
        elif kind in ("~", "~*"):
            flags = re.I if kind == "~*" else 0
            if expression is None and _matches(text, path, flags):
                expression = one
        elif path.startswith(text) and len(text) > length and not text.startswith("@"):
            prefix, length, final = one, len(text), kind == "^~"
    found = exact or (prefix if final else expression or prefix)
    return location(found, path) if found else block


def is_local(host: str) -> bool:
    """Whether a name or address is of this machine."""
    try:
        rows = wire.resolve(host, 0)
    except OSError:
        return False
    for family, kind, _, _, spot in rows:
        with socket.socket(family, kind) as probe:
            try:
                probe.bind(spot)
                return True
            except OSError:
                continue
    return False
