"""Source that probes of this folder begin with."""

import django
import pytest

from tests.support.probe import DJANGO, probe

# Django on the database that the fixture of that name has put into the environment.
ON_DATABASE = """
import json, os
try:
    import pymysql
    pymysql.install_as_MySQLdb()
except ImportError:
    pass
""" + DJANGO.replace(
    '{"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}',
    '{"default": json.loads(os.environ["DATABASE"])}',
)

# For a test that what comes out is as before.
like_the_pin = pytest.mark.skipif(
    django.VERSION[:3] < (1, 11, 29),
    reason="older releases of 1.11 differ here, by security releases of their own",
)

# `served(request)`: its answer by a real server of the site, whose `urlpatterns` are the probe's.
WSGI = (
    DJANGO
    + """
import socket, threading
from wsgiref.simple_server import WSGIRequestHandler, make_server
from django.conf.urls import url
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse

settings.MIDDLEWARE = []

class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass

def served(request):
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    with socket.create_connection(server.server_address, timeout=30) as client:
        client.sendall(request)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    thread.join()
    server.server_close()
    head, _, body = answer.partition(b"\\r\\n\\r\\n")
    return int(head.split()[1]), body.decode()

def form(*parts):
    start = b"--limit\\r\\nContent-Disposition: form-data; "
    body = b"".join(start + part + b"\\r\\n" for part in parts) + b"--limit--\\r\\n"
    return (b"POST / HTTP/1.0\\r\\nContent-Type: multipart/form-data; boundary=limit\\r\\n"
            b"Content-Length: %d\\r\\n\\r\\n" % len(body)) + body
"""
)

# `bounded(calls, function, ...)`: what it returns, or "endless" after so many calls of functions.
BOUNDED = """
import sys

class TooMany(BaseException):
    pass

def bounded(calls, function, *arguments):
    left = [calls]

    def count(frame, event, argument):
        if event in ("call", "c_call"):
            left[0] -= 1
            if left[0] < 0:
                raise TooMany

    sys.setprofile(count)
    try:
        return function(*arguments)
    except TooMany:
        return "endless"
    finally:
        sys.setprofile(None)
"""

# `linear(work, make, size, large)`: without a patch, whether 16 times the size takes more than 48
# times the CPU time, which is 16 times where it grows linearly and 256 times where quadratically;
# with it "done", after a size that would take stock minutes or more.
GROWTH = """
import os, time

def seconds(work, data):
    found = []
    for _ in range(3):
        started = time.process_time()  # not the others' on a busy machine
        work(data)
        found.append(time.process_time() - started)
    return min(found)

def linear(work, make, size, large):
    if not os.environ["COMPAT_DISABLE"]:
        work(make(large))
        return "done"
    ratio = seconds(work, make(size)) / seconds(work, make(size // 16))
    return "quadratic" if ratio > 48 else "not quadratic, %.1f" % ratio
"""


# `copied(work, data)`: how many characters or bytes the strings had that variables were set to.
COPIED = """
import sys

def copied(work, data):
    total, seen = [0], {}  # each is kept, so that no other gets its id, and counts once

    def trace(frame, event, argument):
        for value in list(frame.f_locals.values()):
            if isinstance(value, (str, bytes)) and id(value) not in seen:
                seen[id(value)] = value
                total[0] += len(value)
        return trace

    sys.settrace(trace)
    try:
        work(data)
    finally:
        sys.settrace(None)
    return total[0]

def copies(work, make, size):
    ratio = copied(work, make(2 * size)) / copied(work, make(size))
    return "quadratic" if ratio > 3 else "linear" if ratio < 2.5 else "%.1f" % ratio
"""


# `late(name)`: what is repaired where the bridge is installed after Django was imported. The probe
# must have been started with the patch disabled.
LATE = """
def late(name):
    import gc
    getattr(gc, "unfreeze", int)()  # what a warm process has loaded is not hidden from the patch
    from compat import patches
    os.environ["COMPAT_DISABLE"] = ""
    patch, = [patch for patch in patches.every() if patch.name == name]
    patch.left_out = False
    patch.arm()
    return patch.state()[0]
"""


def same(name, code, env=None):
    """The probe says the same with the patch and without."""
    patched = probe(code, env=env, patch=name)
    stock = probe(code, disable=name, env=env, patch=name)
    assert not patched.returncode and not stock.returncode, patched.error + stock.error
    assert patched.states[name] == "applied" and stock.states[name] == "disabled"
    assert patched.said and patched.said == stock.said, patched.error + stock.error
