"""A client of event streams and of long polling, over HTTP/1.1."""

import http.client
import json
import socket


class Events:
    """One response; `event()` reads the next event of it."""

    def __init__(self, address, path, method="GET", headers=(), timeout=20):
        self.connection = http.client.HTTPConnection(address[0], address[1], timeout=timeout)
        headers = dict({"Accept": "text/event-stream"}, **dict(headers))
        self.connection.request(method, path, headers=headers)
        self.socket = self.connection.sock
        self.response = self.connection.getresponse()
        self.status, self.headers = self.response.status, self.response.headers
        self.id = None  # what a browser would come back with

    def event(self):
        """The next event, of what it has: {"data", "id", "retry", "comment"}; None: the end."""
        found = {}
        while True:
            line = self.response.readline().decode()
            if not line:
                return None
            if line == "\n":
                self.id = found.get("id", self.id)
                return found
            name, _, value = line.rstrip("\n").partition(":")
            value = value[1:] if value.startswith(" ") else value
            found[name or "comment"] = found[name] + "\n" + value if name in found else value

    def frame(self):
        """The next frame; None at the end."""
        while True:
            found = self.event()
            if found is None or "data" in found:
                return found and json.loads(found["data"])

    def frames(self, kind):
        """The frames up to the first of that kind."""
        found = [self.frame()]
        while found[-1]["type"] != kind:
            found.append(self.frame())
        return found

    def close(self):
        """Go, without a word."""
        self.response.close()
        self.connection.close()


def ask(address, path, method="GET", headers=(), timeout=20):
    """(status, headers, body) of a response that ends."""
    connection = http.client.HTTPConnection(address[0], address[1], timeout=timeout)
    try:
        connection.request(method, path, headers=dict(headers))
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def poll(address, path, headers=(), timeout=20):
    """(status, the decoded answer) of long polling."""
    status, _, body = ask(address, path, headers=headers, timeout=timeout)
    return status, json.loads(body.decode())


def deaf(address, path, receive_buffer=4096):
    """A client that asks for an event stream and reads nothing of it: its socket."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.connect(address)
    lines = ["GET %s HTTP/1.1" % path, "Host: a", "Accept: text/event-stream", "", ""]
    client.sendall("\r\n".join(lines).encode())
    return client
