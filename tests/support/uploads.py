"""Requests with a body, and a server that answers them the way Django itself would."""

import contextlib
import http.client
import os
import shutil
import subprocess
import sys

from tests.support import CHECKOUT
from tests.support.wait import wait_for_line

MULTIPART = "multipart/form-data; boundary=line"
FORM = "application/x-www-form-urlencoded"


def copy_bodies(folder):
    """Put the module `bodies`, a site that tells what it read, where a server can import it."""
    shutil.copy(os.path.join(os.path.dirname(__file__), "sites", "bodies.py"), str(folder))
    return folder


def multipart(fields=(), files=()):
    """A form: (name, bytes) fields, (name, file name, bytes) files."""
    parts = [b'name="%s"\r\n\r\n%s' % field for field in fields]
    parts += [b'name="%s"; filename="%s"\r\n\r\n%s' % file for file in files]
    head = b"--line\r\nContent-Disposition: form-data; "
    return b"".join(head + part + b"\r\n" for part in parts) + b"--line--\r\n"


def pieces(start, size, end=b""):
    """A large body, piece by piece, so that no test holds it in memory."""
    yield start
    for _ in range(size // 65536):
        yield b"x" * 65536
    yield end


def send(address, path, body, content_type="", length=None, chunked=False, timeout=60):
    """(status, body) of a POST; `body` is bytes, or pieces of `length` bytes together."""
    headers = {"Content-Type": content_type} if content_type else {}
    if chunked:
        headers["Transfer-Encoding"] = "chunked"
    else:
        headers["Content-Length"] = str(len(body) if length is None else length)
    connection = http.client.HTTPConnection(*address, timeout=timeout)
    try:
        options = {"encode_chunked": True} if chunked else {}
        connection.request("POST", path, iter([body]) if chunked else body, headers, **options)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


@contextlib.contextmanager
def wsgi(folder, **environ):
    """Django's own WSGI handler behind a plain server; yields (host, port)."""
    path = os.pathsep.join([str(folder), CHECKOUT])
    log = os.path.join(str(folder), "wsgi.log")
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", "import bodies; bodies.serve()"],
            cwd=str(folder),
            env=dict(os.environ, PYTHONPATH=path, PYTHONWARNINGS="ignore", **environ),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        port = wait_for_line(process, log, "Listening on").split()[-1]
        yield "127.0.0.1", int(port)
    finally:
        process.kill()
        process.wait()
