"""Proxies that do what networks do to connections."""

import contextlib
import socket
import threading


class Proxy(object):
    """
    Passes everything on to (host, port), both ways. A context manager; .port is where it listens.

    link(): made for each connection and given to pass_on() with what one side has sent.
    """

    def __init__(self, host, port):
        self.server = (host, port)
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(20)
        self.port = self.listener.getsockname()[1]
        self.sockets = [self.listener]
        self.connections = 0

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        for one in self.sockets:
            cut(one)

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
                link, open_ = self.link(), [client, server]
                for ends in ((client, server, True), (server, client, False)):
                    more = (link, open_)
                    threading.Thread(target=self.pump, args=ends + more, daemon=True).start()

    def pump(self, source, target, from_client, link, open_):
        with contextlib.suppress(OSError):
            while self.pass_on(received(source), source, target, from_client, link):
                pass
        open_.remove(source)
        if not open_:  # both have said their last word
            for one in (source, target):
                one.close()
                with contextlib.suppress(ValueError):
                    self.sockets.remove(one)

    def link(self):
        return None

    def pass_on(self, data, source, target, from_client, link):
        """Hand on what was received, b"" at the end; returns whether there will be more."""
        raise NotImplementedError


class Silent(Proxy):
    """
    One whose connections fall silent, as after a NAT time-out: they stay open.

    Until hush(): what is sent through the connections of then gets lost, both ways, and neither
    side is told.
    """

    generation = 0

    def hush(self):
        """Let the connections of now fall silent; later ones are well."""
        self.generation += 1

    def link(self):
        return self.generation

    def pass_on(self, data, source, target, from_client, link):
        if link == self.generation:
            if data:
                target.sendall(data)
            else:
                target.shutdown(socket.SHUT_WR)
        return data


class Losing(Proxy):
    """
    One that loses an answer: when a client has said `word` for the `number`th time, the server
    gets that, and when it has answered both connections are cut.
    """

    def __init__(self, host, port, word, number):
        super(Losing, self).__init__(host, port)
        self.word, self.left = word, number

    def link(self):
        return threading.Event()

    def pass_on(self, data, source, target, from_client, link):
        if from_client and self.word in data:
            self.left -= 1
            if not self.left:
                link.set()
        if not data or (link.is_set() and not from_client):
            cut(source)
            cut(target)
            return False
        target.sendall(data)
        return True


def received(source):
    """What it has sent; b"" also where it was reset, which the other side has to learn."""
    try:
        return source.recv(65536)
    except OSError:
        return b""


def cut(one):
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
