"""A client's frames in pieces of any size: what RFC 6455 wants, and the same for any pieces."""

import struct

from hypothesis import strategies as st

from tests.labs.hostile.wire import frame
from tests.support.frames import upgrade

from . import model
from .server import Daphne

DAPHNE = Daphne()
PAYLOAD = st.one_of(
    st.binary(max_size=140),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from([b"", b"\xc3", b"\xe2\x82", b"x" * 126, b"x" * 70000, b"\x03\xe8"]),
)
GOOD = st.builds(
    frame,
    PAYLOAD,
    st.sampled_from([0, 0, 1, 1, 1, 2, 2, 9, 10]),
    st.booleans(),
    mask=st.binary(min_size=4, max_size=4),
)
ANY = st.builds(
    frame,
    PAYLOAD,
    st.integers(0, 15),
    st.booleans(),
    rsv=st.sampled_from([0, 0, 0, 0, 0, 1, 2, 4]),
    mask=st.one_of(st.binary(min_size=4, max_size=4), st.none()),
)
ODD = st.one_of(
    st.binary(max_size=20),
    st.integers(0, 65535).map(lambda code: frame(struct.pack("!H", code), 8)),
    st.integers(0, 2**64 - 1).map(lambda length: frame(b"x", length=length, form="Q")),
    st.sampled_from([frame(b"x", form="H"), frame(b"x" * (2**20 + 1)), frame(b"x" * 2**20)]),
)
CASES = st.tuples(
    st.lists(st.one_of(GOOD, GOOD, GOOD, ANY, ODD), max_size=12).map(b"".join),
    st.lists(st.integers(1, 300), max_size=8),
)


def check(case):
    data, cuts = case
    messages, pongs, end = model.read(data)
    for pieces in ([data], list(cut(data, cuts))):
        written, ended, told = DAPHNE.talk([upgrade()] + [piece for piece in pieces if piece])
        head, _, frames = written.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        assert [text for text in told] == messages, (told, messages)
        said = list(server_frames(frames))
        assert [payload for opcode, payload in said if opcode == 10] == pongs
        closes = [payload for opcode, payload in said if opcode == 8]
        if end == "too large":
            assert [close[:2] for close in closes] == [b"\x03\xf1"], (ended, closes)
        elif end == "closed":
            assert (ended, closes) == ("closed", [b"\x03\xe8"])
        else:
            assert (ended, closes) == ("aborted" if end == "dropped" else "open", [])
        assert DAPHNE.complaints.said == []


def cut(data, sizes):
    for size in sizes:
        yield data[:size]
        data = data[size:]
    yield data


def server_frames(data):
    """(opcode, payload) of what the server wrote."""
    while data:
        length, start = data[1], 2
        if length >= 126:
            start = 4 if length == 126 else 10
            (length,) = struct.unpack("!H" if length == 126 else "!Q", data[2:start])
        yield data[0] & 15, data[start : start + length]
        data = data[start + length :]
