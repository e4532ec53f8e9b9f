"""Over real sockets: clients that leave a response, and servers that end during one."""

import contextlib
import http.client
import json
import os
import signal
import sys
import threading

import pytest

from tests.support import CHECKOUT
from tests.support.daphne import daphne
from tests.support.servers import Server, free_port
from tests.support.wait import wait_until

from .clients import ask, copy_site, get, leave, request

# daphne.graceful_stop would end a process by force, hanging or not.
UNFORCED = {"COMPAT_DISABLE": "daphne.graceful_stop"}
DISABLED = {"COMPAT_DISABLE": "channels.abandoned_response,daphne.graceful_stop"}
THREADS = {"ASGI_THREADS": "2"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return copy_site("responses.py", tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def address(site):
    with daphne(site, "responses:application", **THREADS) as address:
        yield address


def test_more_abandoned_streams_than_threads(address):
    before = len(ask(address, "/told/"))
    for _ in range(3):
        leave(address, "/endless/")
        leave(address, "/hasty/")
    wait_until(lambda: len(ask(address, "/told/")) >= before + 12)
    told = ask(address, "/told/")[before:]
    assert told.count("response closed") == 6
    ends = [line for line in told if line.startswith("closed after ")]
    assert len(ends) == 6 and len(told) == 12  # each in the thread it began in


def after_it_left(address):
    """What became of a response whose client left during its view."""
    before = len(ask(address, "/told/"))
    with request(address, "/late/"):
        wait_until(lambda: ask(address, "/told/")[before:] == ["begun"])
    wait_until(lambda: "response closed" in ask(address, "/told/")[before:])
    return ask(address, "/told/")[before:]


def test_a_response_that_comes_too_late_is_closed_and_not_iterated(address):
    # Middleware sees the start of every response: it saves sessions there.
    assert after_it_left(address) == ["begun", "http.response.start", "response closed"]


def test_answers_that_are_wanted_are_whole(address):
    connection = http.client.HTTPConnection(*address, timeout=20)
    for _ in range(10):
        connection.request("GET", "/large/")
        assert connection.getresponse().read() == b"x" * 3000000
    connection.close()


def test_without_the_patch_abandoned_streams_hang_the_site_for_good(site):
    with daphne(site, "responses:application", **dict(DISABLED, **THREADS)) as address:
        pid = ask(address, "/pid/")
        assert "ended after 3" in after_it_left(address)
        leave(address, "/endless/")
        leave(address, "/endless/")
        assert get(address, "/pid/", timeout=3) == (None, b"")
        os.kill(pid, signal.SIGTERM)
        with pytest.raises(AssertionError):
            wait_until(lambda: ended(pid), 3)
        os.kill(pid, signal.SIGKILL)


def ended(pid):
    """Whether a process has ended."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("path", ["/endless/", "/hasty/"])
def test_sigterm_ends_a_server_that_is_sending(site, path):
    with daphne(site, "responses:application", **UNFORCED) as address:
        pid = ask(address, "/pid/")
        with request(address, path) as client:
            client.recv(1000)
            os.kill(pid, signal.SIGTERM)
            reader = threading.Thread(target=read_on, args=[client])
            reader.start()
            try:
                wait_until(lambda: ended(pid), 15)
            finally:
                if not ended(pid):
                    os.kill(pid, signal.SIGKILL)
                reader.join()


def read_on(client):
    """Receive until the server is gone."""
    with contextlib.suppress(OSError):
        while client.recv(100000):
            pass


MANAGE = """
import sys
import responses
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""


@contextlib.contextmanager
def runserver(site, **environ):
    """The development server, which starts anew when a source changes; yields (host, port)."""
    (site / "manage.py").write_text(MANAGE)
    port = free_port()
    environ.update(PYTHONPATH=os.pathsep.join([str(site), CHECKOUT]), PYTHONDONTWRITEBYTECODE="1")
    server = Server(
        [sys.executable, "manage.py", "runserver", "127.0.0.1:%d" % port],
        port,
        str(site / "runserver.log"),
        cwd=str(site),
        env=dict(os.environ, **environ),
        start_new_session=True,  # the server is a child of what looks at the sources
    )
    try:
        yield "127.0.0.1", port
    finally:
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()


def serving(address):
    """The process id of a server, None while there is none."""
    try:
        return json.loads(get(address, "/pid/", timeout=3)[1].decode())["pid"]
    except (OSError, ValueError, http.client.HTTPException):
        return None


def reloads(site, edits, seconds, **environ):
    """Whether one of some edits during an endless stream makes a new server answer in time."""
    with runserver(site, **environ) as address:
        wait_until(lambda: serving(address), 30)
        old = serving(address)
        with request(address, "/endless/") as client:
            client.recv(1000)
            source = site / "responses.py"
            for _ in range(edits):  # the first may come before Django looks at the file at all
                source.write_text(source.read_text() + "\n")
                with contextlib.suppress(AssertionError):
                    wait_until(lambda: serving(address) not in (None, old), seconds, pause=0.2)
                    return True
        return False


def test_an_edit_during_a_stream_reloads_the_development_server(site):
    assert reloads(site, 4, 8), (site / "runserver.log").read_text()


def test_without_the_patch_it_does_not(site):
    assert not reloads(site, 2, 4, **DISABLED)
