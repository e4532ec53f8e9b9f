"""Frames that break RFC 6455, and some that only look like it."""

import struct
import zlib

from ..wire import frame, request
from .case import Case, message


def close(code, reason=b""):
    return frame(struct.pack("!H", code) + reason, 8)


# After each, a client sends an ordinary message: "lives" when it comes back to it.
FRAMES = [
    Case("nothing wrong", message(b"x"), "message, lives", "-"),
    Case("invalid UTF-8", frame(b"\xff"), "dropped", "daphne"),
    Case("invalid UTF-8 at the end of 60 kB", frame(b"a" * 60000 + b"\xc3"), "dropped", "daphne"),
    Case(
        "invalid UTF-8 over two fragments",
        frame(b"\xc3", fin=False) + frame(b"(", 0),
        "dropped",
        "daphne",
    ),
    Case(
        "a character over two fragments",
        frame(b'{"message": "\xc3', fin=False) + frame(b'\xa9"}', 0),
        "message, lives",
        "allowed",
    ),
    Case("surrogate in UTF-8", frame(b"\xed\xa0\x80"), "dropped", "daphne"),
    Case("overlong UTF-8", frame(b"\xc0\xaf"), "dropped", "daphne"),
    Case("not masked", frame(b"x", mask=None), "dropped", "daphne"),
    Case(
        "masked with nought", frame(b'{"message": "x"}', mask=bytes(4)), "message, lives", "allowed"
    ),
    Case("reserved bit 1: compressed", frame(b"x", rsv=4), "dropped", "daphne"),
    Case(
        "compression bomb (10 MB in 10 kB)",
        frame(zlib.compress(bytes(10000000))[2:], 2, rsv=4),
        "dropped",
        "daphne",
    ),
    Case("reserved bit 2", frame(b"x", rsv=2), "dropped", "daphne"),
    Case("reserved bit 3", frame(b"x", rsv=1), "dropped", "daphne"),
    Case("ping of 125 bytes", frame(b"x" * 125, 9), "pong, lives", "allowed"),
    Case("ping of 126 bytes", frame(b"x" * 126, 9), "dropped", "daphne"),
    Case("fragmented ping", frame(b"x", 9, fin=False), "dropped", "daphne"),
    Case(
        "ping within a fragmented message",
        frame(b'{"message": ', fin=False) + frame(b"x", 9) + frame(b'"x"}', 0),
        "pong, message, lives",
        "allowed",
    ),
    Case("pong that nobody asked for", frame(b"x", 10), "lives", "ignored"),
    Case("continuation of nothing", frame(b"x", 0), "dropped", "daphne"),
    Case("a message within a message", frame(b"x", fin=False) + frame(b"x"), "dropped", "daphne"),
    Case(
        "message in 500 fragments",
        frame(b"", fin=False) + frame(b"", 0, False) * 500 + frame(b"{}", 0),
        "error no-message, lives",
        "allowed",
    ),
    Case(
        "message in 5,000 fragments",
        frame(b"", fin=False) + frame(b"", 0, False) * 5000 + frame(b"{}", 0),
        "close 4029",
        "daphne",
    ),
    Case("5,000 pongs that nobody asked for", frame(b"", 10) * 5000, "close 4029", "daphne"),
    Case("length in more bytes than it needs", frame(b"x", form="H"), "dropped", "daphne"),
    Case("length of 2**63", frame(b"x", length=2**63), "dropped", "daphne"),
    Case("length of 2**62", frame(b"x", length=2**62), "close 1009", "daphne"),
    Case("message of 1 MiB and a byte", frame(b"x" * (2**20 + 1)), "close 1009", "daphne"),
    Case(
        "the same in fragments",
        frame(b"x" * 2**19, fin=False) + frame(b"x" * (2**19 + 1), 0),
        "close 1009",
        "daphne",
    ),
    Case("message of 70 kB", frame(b"x" * 70000), "error too-large, close 4509", "the site"),
    Case("binary", frame(b"\0\xff", 2), "error binary, lives", "the site"),
    Case("close without a code", frame(b"", 8), "close 1000", "answered"),
    Case("close with half a code", frame(b"\x03", 8), "dropped", "daphne"),
    Case("close with a reason of 124 bytes", close(1000, b"x" * 124), "dropped", "daphne"),
    Case("close with a reason that is no UTF-8", close(1000, b"\xff"), "dropped", "daphne"),
    Case("close, and a message after it", close(1000) + message(b"x"), "close 1000", "not read"),
    Case("an HTTP request", request(b"GET / HTTP/1.1", b"%HOST%"), "dropped", "daphne"),
    Case("1,000 bytes 00", bytes(1000), "dropped", "daphne"),
    Case("1,000 bytes ff", b"\xff" * 1000, "dropped", "daphne"),
]
FRAMES += [
    Case("reserved opcode %d" % opcode, frame(b"x", opcode), "dropped", "daphne")
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
]
FRAMES += [
    Case("close code %d" % code, close(code), "close 1000", "answered")
    for code in (1000, 1001, 1011, 3000, 4999)
]
FRAMES += [
    Case("close code %d" % code, close(code), "dropped", "daphne")
    for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535)
]
