"""An application that tells what came over a WebSocket, and frames written by hand."""

import socket
import struct

APPLICATION = "told_site:application"
SITE = """
import compat
compat.install()
import asyncio

def peak():
    with open("/proc/self/status") as file:
        (line,) = [line for line in file if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024

class application:
    def __init__(self, scope):
        self.scope = scope

    async def __call__(self, receive, send):
        if self.scope["type"] == "http":
            told = {"/peak/": peak}.get(self.scope["path"], lambda: self.scope["root_path"])()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": str(told).encode()})
            return
        if self.scope["path"] == "/waits/":
            await asyncio.sleep(3600)
        await send({"type": "websocket.accept"})
        if self.scope["path"] == "/headers/":
            for name, value in sorted(self.scope["headers"]):
                await send({"type": "websocket.send", "text": "%r %r" % (name, value)})
            await send({"type": "websocket.close"})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            data = message.get("bytes") or b""
            if data[:5] == b"large":
                await send({"type": "websocket.send", "bytes": b"x" * int(data[5:])})
            elif data[:5] == b"small":
                for _ in range(int(data[5:])):
                    await send({"type": "websocket.send", "text": "x"})
            elif message["type"] == "websocket.receive":
                await send({"type": "websocket.send", "text": str(len(data))})
"""


def write_site(folder):
    (folder / "told_site.py").write_text(SITE)
    return folder


def upgrade(path="/", headers=(), method="GET"):
    """The bytes of a handshake; `headers` are lines, bytes."""
    lines = [
        b"%s %s HTTP/1.1" % (method.encode("latin1"), path.encode("latin1")),
        b"Host: a",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Version: 13",
    ]
    return b"\r\n".join(lines + list(headers) + [b"", b""])


def frame(payload=b"", opcode=2, fin=True, length=None):
    """A client's frame; `length` is what it says of its length, if not the truth."""
    length = len(payload) if length is None else length
    head = bytes([opcode | (0x80 if fin else 0)])
    if length < 126:
        head += bytes([0x80 | length])
    elif length < 65536:
        head += b"\xfe" + struct.pack("!H", length)
    else:
        head += b"\xff" + struct.pack("!Q", length)
    return head + bytes(4) + payload  # a mask of zeros changes nothing


class Client(object):
    """A WebSocket; or, not `accepted`, an attempt at one. It answers pings while `pongs`."""

    pongs = True

    def __init__(self, address, path="/", headers=(), accepted=True):
        self.socket = socket.create_connection(address, timeout=30)
        self.file = self.socket.makefile("rb")
        self.socket.sendall(upgrade(path, headers))
        if accepted:
            self.status = int(self.file.readline().split()[1])
            while self.file.readline().strip():
                pass

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()
        self.socket.close()

    def send(self, *data):
        """Send bytes; False once daphne has reset the connection."""
        try:
            for piece in data:
                self.socket.sendall(piece)
        except OSError:
            return False
        return True

    def receive(self):
        """("text" or "bytes", content), ("close", code), or ("end", how)."""
        try:
            head = self.file.read(2)
        except ConnectionResetError:
            return "end", "reset"
        except socket.timeout:
            return "end", "open"
        if len(head) < 2:
            return "end", "closed"
        length = head[1]
        if length >= 126:
            size, form = (2, "!H") if length == 126 else (8, "!Q")
            (length,) = struct.unpack(form, self.file.read(size))
        payload = self.file.read(length)
        opcode = head[0] & 15
        if opcode == 9 and self.pongs:  # daphne's, of every 20 seconds
            self.send(frame(payload, opcode=10))
            return self.receive()
        if opcode == 8:
            return "close", struct.unpack("!H", payload[:2])[0]
        return ("text", payload.decode()) if opcode == 1 else ("bytes", payload)

    def told(self):
        """The texts that come before anything else."""
        texts = []
        while True:
            kind, text = self.receive()
            if kind != "text":
                return texts
            texts.append(text)
