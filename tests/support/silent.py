"""A proxy whose connections fall silent, as after a NAT time-out: they stay open."""

import contextlib
import socket
import threading


class Silent(object):
    """
    Passes everything on to (host, port), until hush(): what is sent through the connections of
    then gets lost, both ways, and neither side is told. A context manager; .port is where it
    listens.
    """

    def __init__(self, host, port):
        self.server = (host, port)
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(20)
        self.port = self.listener.getsockname()[1]
        self.sockets = [self.listener]
        self.generation = self.connections = 0

    def hush(self):
        """Let the connections of now fall silent; later ones are well."""
        self.generation += 1

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                try:
                    server = socket.create_connection(self.server)
                except OSError:  # it is not up
                    client.close()
                    continue
                self.sockets += [client, server]
                self.connections += 1
                for ends in ((client, server), (server, client)):
                    words = ends + (self.generation,)
                    threading.Thread(target=self.pump, args=words, daemon=True).start()

    def pump(self, source, target, generation):
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(65536)
                silent = generation != self.generation
                if not data:
                    if not silent:
                        target.shutdown(socket.SHUT_WR)
                    return
                if not silent:
                    target.sendall(data)
