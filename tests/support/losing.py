"""A proxy before a database that loses one answer."""

import contextlib
import socket
import threading


class Losing(object):
    """
    Passes all on, until a client says `word` for the `number`th time: the server gets that, and
    when it has answered both connections are cut. A context manager; .port is where it listens.
    """

    def __init__(self, host, port, word, number):
        self.server = (host, port)
        self.word, self.left = word, number
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(20)
        self.port = self.listener.getsockname()[1]
        self.sockets = [self.listener]

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        for one in self.sockets:
            self.cut(one)

    def cut(self, one):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.server)
                self.sockets += [client, server]
                lose = threading.Event()
                for ends in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self.pump, args=ends + (lose,), daemon=True).start()

    def pump(self, source, target, from_client, lose):
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(65536)
                if from_client and self.word in data:
                    self.left -= 1
                    if not self.left:
                        lose.set()
                if not data or (lose.is_set() and not from_client):
                    break
                target.sendall(data)
        self.cut(source)
        self.cut(target)
