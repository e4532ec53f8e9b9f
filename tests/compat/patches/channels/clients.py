"""HTTP clients that leave early, and what they ask a site about itself."""

import contextlib
import http.client
import json
import os
import shutil
import socket

SITE = os.path.join(os.path.dirname(__file__), "site")


def copy_site(name, folder):
    """Put a module of the test sites where a server can import it."""
    shutil.copy(os.path.join(SITE, name), str(folder))
    return folder


@contextlib.contextmanager
def request(address, path, timeout=20):
    """A raw socket on which `path` has been requested."""
    with contextlib.closing(socket.create_connection(address, timeout=timeout)) as client:
        client.sendall(("GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path).encode())
        yield client


def leave(address, path):
    """Request a stream, and leave when its first part has come."""
    with request(address, path) as client:
        received = b""
        while b"...." not in received:
            data = client.recv(65536)
            assert data, received
            received += data


def get(address, path, timeout=20):
    """(status, body) of a request; (None, b"") when no answer comes."""
    connection = http.client.HTTPConnection(*address, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except socket.timeout:
        return None, b""
    finally:
        connection.close()


def ask(address, path):
    """The one value of a JSON answer."""
    status, body = get(address, path)
    assert status == 200, body
    (value,) = json.loads(body.decode()).values()
    return value


def get_whole(address, path):
    """(status, headers, body) of one request on a connection of its own."""
    connection = http.client.HTTPConnection(*address, timeout=20)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()
