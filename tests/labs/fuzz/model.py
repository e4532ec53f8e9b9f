"""RFC 6455 from a server's side, as far as a client's frames go."""

import codecs
import struct

LIMIT = 1024 * 1024
CODES = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014}


class End(Exception):
    """args: how the connection ends."""


def read(data):
    """
    (messages, pongs, end) of a client's bytes.

    end: "open", "dropped", "closed" after a close frame, or "too large".
    """
    messages, pongs = [], []
    try:
        run(data, messages, pongs)
    except End as end:
        return messages, pongs, end.args[0]
    return messages, pongs, "open"


def run(data, messages, pongs):
    parts = kind = decoder = None
    while len(data) >= 2:
        fin, rsv, opcode = data[0] >> 7, data[0] >> 4 & 7, data[0] & 15
        masked, length = data[1] >> 7, data[1] & 127
        control = opcode > 7
        wrong = rsv or not masked or opcode not in (0, 1, 2, 8, 9, 10)
        wrong = wrong or (control and (not fin or length > 125 or (opcode, length) == (8, 1)))
        wrong = wrong or (not control and (opcode == 0) != (kind is not None))
        if wrong:
            raise End("dropped")
        size = {126: 2, 127: 8}.get(length, 0)
        if len(data) < 2 + size + 4:
            return
        if size:
            (length,) = struct.unpack("!H" if size == 2 else "!Q", data[2 : 2 + size])
            if length < (126 if size == 2 else 65536) or length >= 1 << 63:
                raise End("dropped")
        mask = data[2 + size : 6 + size]
        whole = data[6 + size : 6 + size + length]
        payload = unmasked(whole, mask)
        complete = len(whole) == length
        if not control:
            if kind is None:
                kind, parts = opcode, []
                decoder = codecs.getincrementaldecoder("utf-8")()
            if length > LIMIT or sum(map(len, parts)) + length > LIMIT:
                raise End("too large")
            if kind == 1:
                try:
                    decoder.decode(payload, bool(complete and fin))
                except UnicodeDecodeError:
                    raise End("dropped")
        if not complete:
            return
        data = data[6 + size + length :]
        if opcode == 9:
            pongs.append(payload)
        elif opcode == 8:
            raise End(closing(payload))
        elif not control:
            parts.append(payload)
            if fin:
                message = b"".join(parts)
                messages.append(message.decode("utf-8") if kind == 1 else message)
                kind = None


def unmasked(data, mask):
    key = (mask * (len(data) // 4 + 1))[: len(data)]
    mixed = int.from_bytes(data, "big") ^ int.from_bytes(key, "big")
    return mixed.to_bytes(len(data), "big")


def closing(payload):
    if not payload:
        return "closed"
    (code,) = struct.unpack("!H", payload[:2])
    good = code in CODES or 3000 <= code <= 4999
    try:
        payload[2:].decode("utf-8")
    except UnicodeDecodeError:
        good = False
    return "closed" if good else "dropped"
