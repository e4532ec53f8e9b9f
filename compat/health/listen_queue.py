"""
How many connections wait at a unix socket: Linux tells it through sock_diag, as `ss -xl` shows it.

https://man7.org/linux/man-pages/man7/sock_diag.7.html
"""

import os
import socket
import struct
from typing import Dict, Iterator, Optional, Tuple

SOCK_DIAG, BY_FAMILY, DUMP, DONE, ERROR = 4, 20, 0x301, 3, 2
LISTENING = 1 << 10
NAME, QUEUE = 0, 4  # attributes, and the bits by which they are asked for
SECONDS = 1.0
HEADER, MESSAGE, ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=BBBBIII"), 4


def of(path: str) -> Optional[int]:
    """The connections that nobody has accepted yet; None where that cannot be told."""
    try:
        return _all().get(os.fsencode(path))
    except (OSError, struct.error, AttributeError):
        return None


def _all() -> Dict[bytes, int]:
    """{path: connections} of all listening sockets of this network namespace."""
    found: Dict[bytes, int] = {}
    shown = 1 << NAME | 1 << QUEUE
    wanted = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, LISTENING, 0, shown, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, SOCK_DIAG) as kernel:
        kernel.settimeout(SECONDS)
        kernel.send(HEADER.pack(HEADER.size + len(wanted), BY_FAMILY, DUMP, 1, 0) + wanted)
        while True:
            for kind, body in _messages(kernel.recv(1 << 16)):
                if kind in (DONE, ERROR):
                    return found
                attributes = dict(_attributes(body[MESSAGE.size :]))
                if NAME in attributes and QUEUE in attributes:
                    name = attributes[NAME].rstrip(b"\0")
                    found[name] = struct.unpack_from("=I", attributes[QUEUE])[0]


def _messages(data: bytes) -> Iterator[Tuple[int, bytes]]:
    while len(data) >= HEADER.size:
        size, kind = HEADER.unpack_from(data)[:2]
        yield kind, data[HEADER.size : size]
        data = data[_aligned(max(size, HEADER.size)) :]


def _attributes(data: bytes) -> Iterator[Tuple[int, bytes]]:
    while len(data) >= ATTRIBUTE:
        size, kind = struct.unpack_from("=HH", data)
        yield kind, data[ATTRIBUTE:size]
        data = data[_aligned(max(size, ATTRIBUTE)) :]


def _aligned(size: int) -> int:
    return (size + 3) & ~3
