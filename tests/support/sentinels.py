"""A Redis primary with a replica, watched by three sentinels."""

import os
import signal

from tests.support.redis import Redis, info
from tests.support.servers import HOST, Server, free_port
from tests.support.wait import wait_until

NAME = "mymaster"
# A sentinel whose answers the probe chooses: `master[0]` is an address, None, or "silence".
FAKE = """
import asyncio, os

master = [None]
open_ones = set()

async def serve(reader, writer):
    open_ones.add(writer)
    try:
        while True:
            data = await reader.read(4096)
            if not data:
                return
            if b"AUTH" in data:
                writer.write(b"+OK\\r\\n")
            if b"get-master-addr-by-name" not in data.lower() or master[0] == "silence":
                continue
            if master[0] is None:
                writer.write(b"*-1\\r\\n")
            else:
                host, port = [str(word).encode() for word in master[0]]
                said = len(host), host, len(port), port
                writer.write(b"*2\\r\\n$%d\\r\\n%s\\r\\n$%d\\r\\n%s\\r\\n" % said)
    except ConnectionError:
        pass
    finally:
        open_ones.discard(writer)
        writer.close()

async def fake_sentinel():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server.sockets[0].getsockname()[:2]
"""


class Sentinels(object):
    """primary, replica: servers; ports: of the sentinels."""

    def __init__(self, folder, primary, count=3):
        self.primary, self.sentinels = primary, []
        port = free_port()
        primary.say("CONFIG", "SET", "repl-diskless-sync-delay", "0")
        words = [primary.command[0], "--bind", HOST, "--port", str(port), "--dir", str(folder)]
        words += ["--save", "", "--dbfilename", "replica.rdb", "--repl-diskless-sync-delay", "0"]
        words += ["--replicaof", HOST, str(primary.port)]
        self.replica = Server(words, port, os.path.join(str(folder), "replica.log"))
        try:
            wait_until(lambda: "link_status:up" in info(port, "replication"))
            for number in range(count):
                self._start_sentinel(str(folder), number, count // 2 + 1)
            for sentinel in self.sentinels:
                wait_until(lambda port=sentinel.port: self._ready(port, count))
        except BaseException:
            self.stop()
            raise

    def _start_sentinel(self, folder, number, quorum):
        port, path = free_port(), os.path.join(folder, "sentinel%d.conf" % number)
        with open(path, "w") as conf:
            conf.write("sentinel monitor %s %s %d %d\n" % (NAME, HOST, self.primary.port, quorum))
            conf.write("sentinel down-after-milliseconds %s 500\n" % NAME)
            conf.write("sentinel failover-timeout %s 3000\n" % NAME)
        words = [self.primary.command[0], path, "--sentinel", "--port", str(port), "--bind", HOST]
        self.sentinels.append(Server(words, port, path.replace(".conf", ".log")))

    @staticmethod
    def _ready(port, count):
        """Whether the sentinel knows the replica and the other sentinels."""
        known = info(port, "sentinel")
        return "slaves=1,sentinels=%d" % count in known

    @property
    def ports(self):
        return [sentinel.port for sentinel in self.sentinels]

    def wait_for_calm(self):
        """
        Wait until none is in tilt, in which it was slow itself and trusts nothing for 30 s.

        A primary that goes meanwhile is never replaced: its replica has been alone for too long.
        """
        for port in self.ports:
            wait_until(lambda port=port: "sentinel_tilt:0" in info(port, "sentinel"))

    def stop(self):
        for server in self.sentinels + [self.replica, self.primary]:
            if server.process.poll() is None:
                server.process.send_signal(signal.SIGCONT)
                server.stop(signal.SIGKILL)


def start_sentinels(folder, **options):
    """Sentinels in `folder`."""
    return Sentinels(folder, Redis(folder), **options)
