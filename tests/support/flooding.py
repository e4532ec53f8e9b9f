"""
Clients that send one kind of bytes as fast as a daphne takes them, in a process of their own.

`python -m tests.support.flooding HOST PORT KIND SOCKETS`. Who is closed comes again.
"""

import contextlib
import select
import socket
import subprocess
import sys
import threading
import time

from tests.support import CHECKOUT

from .frames import Client, frame, upgrade

MASKED = frame(b"x" * 1000000, 1)[:10] + b"\0\0\0\1"  # daphne has to look at each byte
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
# name → what is sent first, and what follows again and again
FRAMES = {
    "pings": (b"", frame(b"", 9) * 10000),
    "full pings": (b"", frame(b"x" * 125, 9) * 500),
    "pongs": (b"", frame(b"", 10) * 10000),
    "fragments": (frame(b"x", 1, fin=False), frame(b"", 0, fin=False) * 10000),
    "texts": (b"", frame(b"x", 1) * 10000),
    "large texts": (b"", MASKED + b"xxxy" * 250000),
    "half a frame": (b"", MASKED + b"xxxy" * 200000),
    "handshakes": (b"", b""),
}
REQUESTS = {
    "refused requests": (b"", upgrade("/", [b"X: \x0b"]) * 500),
    "pages": (b"", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3000),
    "chunks": (CHUNKED, b"1\r\nx\r\n" * 100000),
}


LONGEST = 0.5  # seconds that others may wait for an answer


def least(measure, tries=3):
    """The first figure below LONGEST, or the last of three: a busy machine is no fault."""
    for _ in range(tries):
        seconds = measure()
        if seconds < LONGEST:
            break
    return seconds


def flood(address, kind):
    """Go on for ever; a line says that it has begun."""
    first, data = FRAMES.get(kind) or REQUESTS[kind]
    print("on", flush=True)
    while True:
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=20) as client:
            if kind in FRAMES:
                client.sendall(upgrade())
                client.recv(65536)
            client.sendall(first)
            send_all(client, data)


def send_all(client, data):
    """Send it again and again, and read what comes, until the server has had enough."""
    client.setblocking(False)
    left = memoryview(data)
    while left:
        readable, writable, _ = select.select([client], [client], [])
        if readable and not client.recv(65536):
            return
        if writable:
            left = left[client.send(left) :] or memoryview(data)


def round_trip(client):
    """Seconds until a message has been answered."""
    began = time.monotonic()
    client.send(frame(b"alive"))
    while client.receive() != ("text", "5"):
        pass
    return time.monotonic() - began


def worst_round_trip(address, kind, sockets=8, seconds=0.8):
    """How long others wait at most for an answer meanwhile."""
    arguments = [*map(str, address), kind, str(sockets)]
    with Client(address) as client:
        client.socket.settimeout(60)
        for _ in range(20):
            round_trip(client)
        command = [sys.executable, "-m", __name__, *arguments]
        flooder = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE)
        try:
            assert flooder.stdout.readline() == b"on\n"
            worst, until = 0, time.monotonic() + seconds
            while time.monotonic() < until:
                worst = max(worst, round_trip(client))
                time.sleep(0.01)  # an ordinary client
            assert flooder.poll() is None
        finally:
            flooder.kill()
            flooder.communicate()
    return worst


if __name__ == "__main__":
    host, port, kind, sockets = sys.argv[1:]
    for _ in range(int(sockets)):
        threading.Thread(target=flood, args=[(host, int(port)), kind]).start()
