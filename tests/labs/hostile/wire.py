"""Bytes that no honest client sends, and what comes back for them."""

import re
import socket
import struct

KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = b"Upgrade: websocket"
CONNECTION = b"Connection: Upgrade"
VERSION = b"Sec-WebSocket-Version: 13"
HEADERS = [UPGRADE, CONNECTION, KEY, VERSION]
SECONDS = 20


def request(line, *headers):
    """The bytes of a request's head."""
    return b"\r\n".join((line,) + headers) + b"\r\n\r\n"


def frame(payload=b"", opcode=1, fin=True, rsv=0, mask=b"\1\2\3\4", length=None, form=None):
    """
    A frame. mask: four bytes, or None. length: what it says of its length, if not the truth;
    form: "H" or "Q" for a length in more bytes than it needs.
    """
    length = len(payload) if length is None else length
    form = form or ("" if length < 126 else "H" if length < 65536 else "Q")
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    head += bytes([(0x80 if mask else 0) | {"": length, "H": 126, "Q": 127}[form]])
    head += struct.pack("!" + form, length) if form else b""
    if mask:
        mixed = int.from_bytes(payload, "big") ^ int.from_bytes(
            (mask * (len(payload) // 4 + 1))[: len(payload)], "big"
        )
        return head + mask + mixed.to_bytes(len(payload), "big")
    return head + payload


class Peer(object):
    """A connection that says what it likes, and reads only when it is asked to."""

    def __init__(self, address, source=None, window=None):
        self.socket = socket.socket()
        if window is not None:  # before connect(), or the kernel has offered more already
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.socket.settimeout(SECONDS)
        if source is not None:
            self.socket.bind((source, 0))
        self.socket.connect(address)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def send(self, *pieces):
        """Send bytes; False once the server has reset the connection."""
        try:
            for piece in pieces:
                self.socket.sendall(piece)
        except socket.timeout:
            raise
        except OSError:
            return False
        return True

    def _fill(self, size):
        """Have `size` bytes received; raises EOFError, ConnectionResetError or socket.timeout."""
        while len(self.received) < size:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.received += data

    def status(self):
        """The status of the answer; "closed" or "open" where there is none. Reads the head."""
        while b"\r\n\r\n" not in self.received:
            try:
                self._fill(len(self.received) + 1)
            except (EOFError, ConnectionResetError):
                return "closed"
            except socket.timeout:
                return "open"
        self.head, _, self.received = self.received.partition(b"\r\n\r\n")
        found = re.match(rb"HTTP/1\.[01] (\d{3})", self.head)
        return int(found.group(1)) if found else self.head

    def frame(self):
        """(opcode, payload) of the next frame."""
        self._fill(2)
        size, head = self.received[1] & 127, 2
        if size >= 126:
            head, form = (4, "!H") if size == 126 else (10, "!Q")
            self._fill(head)
            (size,) = struct.unpack(form, self.received[2:head])
        self._fill(head + size)
        opcode, payload = self.received[0] & 15, self.received[head : head + size]
        self.received = self.received[head + size :]
        return opcode, payload

    def end(self):
        """The code of the close frame, "dropped" without one, or "open"; reads what is before."""
        try:
            while True:
                opcode, payload = self.frame()
                if opcode == 8:
                    return struct.unpack("!H", payload[:2])[0] if payload else "no code"
        except (EOFError, ConnectionResetError):
            return "dropped"
        except socket.timeout:
            return "open"

    def text(self):
        """The next text frame's content; other frames are skipped."""
        while True:
            opcode, payload = self.frame()
            if opcode == 1:
                return payload.decode()
            if opcode == 8:
                raise EOFError(payload)
