"""
What permessage-deflate costs a daphne: python -m tests.labs.compression

One line of JSON without it and one with it: CPU of a socket that connects, of a delivery by its
size, of a large message from a client; memory of an idle socket. Every client offers it.
"""

import argparse
import json
import pathlib
import tempfile
import zlib

from tests.labs.bench.kernel import cpu_seconds
from tests.support.daphne import Daphne
from tests.support.frames import Client, frame

OFFER = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
SIZES = (2000, 16000, 64000)
LARGE = 1024 * 1024
APPLICATION = "pushing_site:application"
SITE = """
import compat
compat.install()
import json, random

sockets, texts, count = [], {}, 0
choose = random.Random(1)
WORDS = "error warning deploy service host started finished failed connection timeout".split()

def text_of(size):
    rows = []
    while len(json.dumps(rows)) < size:
        words = " ".join(choose.choice(WORDS) for _ in range(12))
        rows.append({"id": choose.randrange(10**6), "level": choose.choice(WORDS), "text": words})
    return json.dumps(rows)

class application:
    def __init__(self, scope):
        pass

    async def __call__(self, receive, send):
        global count
        await send({"type": "websocket.accept"})
        sockets.append(send)
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                sockets.remove(send)
                return
            said = message.get("bytes") or b""
            if said.isdigit():
                size, count = int(said), count + 1
                if size not in texts:
                    texts[size] = text_of(size)
                for other in list(sockets):  # never the same as the last one
                    await other({"type": "websocket.send", "text": texts[size] + " " * (count % 7)})
            else:
                await send({"type": "websocket.send", "text": str(len(said))})
"""


def skim(client):
    """The size of the next message, which is read; a ping is none."""
    head = client.file.read(2)
    while head[0] & 8:  # its length is in the one byte
        client.file.read(head[1])
        head = client.file.read(2)
    size = head[1]
    if size > 125:
        size = int.from_bytes(client.file.read(2 if size == 126 else 8), "big")
    client.file.read(size)
    return size


def kib(pid):
    with open("/proc/%d/status" % pid) as file:
        (line,) = [line for line in file if line.startswith("VmRSS")]
    return int(line.split()[1])


def from_client(client, pid, message, times):
    before = cpu_seconds(pid)
    for _ in range(times):
        client.send(message)
        skim(client)
    return (cpu_seconds(pid) - before) / times * 1e3


def deflated(data):
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    made = frame((deflater.compress(data) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4])
    return bytes([made[0] | 0x40]) + made[1:]


def measure(folder, sockets, rounds, **environ):
    """The figures, as a dict."""
    server = Daphne(folder, APPLICATION, "-v", "0", wait=False, **environ)
    clients, found, pid = [], {}, server.process.pid

    def connect():
        clients.append(Client(server.address, "/", [OFFER]))
        return clients[-1]

    try:
        first = connect()
        from_client(first, pid, frame(b"x"), 1)  # loads what it needs
        before, cpu = kib(pid), cpu_seconds(pid)
        for _ in range(sockets):
            connect()
        from_client(clients[-1], pid, frame(b"x"), 1)
        found["connect ms"] = (cpu_seconds(pid) - cpu) / sockets * 1e3
        found["idle KiB"] = (kib(pid) - before) / sockets
        for size in SIZES:
            costs, wire = [], 0
            for _ in range(rounds):
                cpu = cpu_seconds(pid)
                first.send(frame(b"%d" % size))
                wire = [skim(client) for client in clients][0]
                costs.append((cpu_seconds(pid) - cpu) / len(clients) * 1e6)
            found["%d bytes: us" % size] = sorted(costs)[len(costs) // 2]
            found["%d bytes: on the wire" % size] = wire
        found["plain MiB: ms"] = from_client(first, pid, frame(bytes(LARGE)), rounds)
        if environ:
            found["compressed MiB: ms"] = from_client(first, pid, deflated(bytes(LARGE)), rounds)
    finally:
        for client in clients:
            client.__exit__()
        server.stop()
    return found


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.labs.compression", description=__doc__)
    parser.add_argument("--sockets", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "pushing_site.py").write_text(SITE)
        for environ in ({}, {"COMPAT_WEBSOCKET_DEFLATE_FROM": "1000"}):
            found = measure(folder, options.sockets, options.rounds, **environ)
            found["on"] = bool(environ)
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
