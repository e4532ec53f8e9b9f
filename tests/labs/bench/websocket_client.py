"""A WebSocket client of few instructions: it keeps frames and the time they came."""

import asyncio
import base64
import os
import struct
import time


class Socket(asyncio.Protocol):
    """
    One connection; `frames` is a list of (monotonic time, payload), `ended` the reason of its end.

    `ready` is done when the handshake has been accepted and, with `mark`, a frame with those
    bytes has come. `seen` tells whether a frame with the bytes `last` came.
    """

    def __init__(self, host, path, mark=b"", last=b"", on_frame=None):
        self.host, self.path, self.mark, self.last = host, path, mark, last
        self.on_frame = on_frame
        self.frames = []
        self.ended = None
        self.seen = False
        self.opened = False
        self.buffer = bytearray()
        self.ready = asyncio.get_event_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            (
                "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n"
                % (self.path, self.host, key)
            ).encode()
        )

    def connection_lost(self, error):
        self._end("the connection was lost")

    def data_received(self, data):
        now = time.monotonic()
        self.buffer += data
        if not self.opened and not self._open():
            return
        buffer, start = self.buffer, 0
        while len(buffer) - start >= 2:
            size, body = buffer[start + 1] & 127, start + 2
            if size == 126:
                body += 2
            elif size == 127:
                body += 8
            if len(buffer) < body:
                break
            if size > 125:
                size = int.from_bytes(buffer[start + 2 : body], "big")
            if len(buffer) < body + size:
                break
            self._frame(now, buffer[start] & 15, bytes(buffer[body : body + size]))
            start = body + size
        del buffer[:start]

    def _open(self):
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        status = bytes(self.buffer[:end]).split(b"\r\n")[0].decode("latin-1")
        del self.buffer[: end + 4]
        if " 101 " not in status:
            self._end("the handshake was answered with %s" % status)
            return False
        self.opened = True
        if not self.mark:
            self.ready.set_result(None)
        return True

    def _frame(self, now, opcode, payload):
        if opcode == 8:
            self._end("closed with code %d" % int.from_bytes(payload[:2], "big"))
        elif opcode == 9:
            # A masked pong; with a mask of zeros the payload stays as it is.
            self.transport.write(struct.pack("!BBI", 0x8A, 0x80 | len(payload), 0) + payload)
        elif opcode == 1:
            if self.ready.done():
                self.frames.append((now, payload))
                if self.last and self.last in payload:
                    self.seen = True
                if self.on_frame is not None:
                    self.on_frame()
            elif self.mark in payload:
                self.ready.set_result(None)

    def _end(self, reason):
        if self.ended is None:
            self.ended = reason
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(reason))
        self.transport.close()
