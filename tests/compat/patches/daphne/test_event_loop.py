"""A real daphne on uvloop's event loop, and what does without."""

import signal
import socket
import sys

import pytest

from compat.patches.daphne.event_loop import event_loop
from tests.support.daphne import Daphne, daphne
from tests.support.frames import Client, frame, upgrade
from tests.support.probe import probe, prove, source
from tests.support.wait import wait_until

NAME = "daphne.event_loop"
ON = {"COMPAT_EVENT_LOOP": "uvloop"}
SITE = """
import asyncio, os, subprocess, sys, time
from asgiref.sync import async_to_sync, sync_to_async

def kind(loop):
    return type(loop).__module__.partition(".")[0]

async def inner():
    return kind(asyncio.get_event_loop())

async def child():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print(6 * 7)", stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return "%s %s" % (out.decode().strip(), process.returncode)

def elsewhere():
    return asyncio.new_event_loop().run_until_complete(inner())

def fork():
    pid = os.fork()
    if not pid:
        code = 1
        try:
            code = 7 if elsewhere() == "asyncio" else 2
        finally:
            os._exit(code)
    return str(os.WEXITSTATUS(os.waitpid(pid, 0)[1]))

async def later():
    loop, before = asyncio.get_event_loop(), time.monotonic()
    event = asyncio.Event()
    loop.call_later(0.2, event.set)
    await event.wait()
    return str(0.19 < time.monotonic() - before)

class application:
    def __init__(self, scope):
        pass

    async def __call__(self, receive, send):
        await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            told = {
                b"loop": inner,
                b"elsewhere": sync_to_async(elsewhere),
                b"thread": sync_to_async(lambda: async_to_sync(inner)()),
                b"child": child,
                b"popen": sync_to_async(lambda: str(subprocess.call(["true"]))),
                b"fork": sync_to_async(fork),
                b"later": later,
            }.get(message.get("bytes"))
            if told:
                await send({"type": "websocket.send", "text": await told()})
"""
WORDS = [
    ("loop", "uvloop"),
    ("elsewhere", "asyncio"),
    ("thread", "uvloop"),  # async_to_sync() in a thread goes back to the one that waits for it
    ("child", "42 0"),
    ("popen", "0"),
    ("fork", "7"),
    ("later", "True"),
]
APPLICATION = "loop_site:application"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "loop_site.py").write_text("import compat\ncompat.install()\n" + SITE)
    return folder


@source
def code():
    import daphne.cli  # noqa: F401
    from twisted.internet import reactor

    print(type(reactor._asyncioEventloop).__module__.partition(".")[0])


def test_the_reactor_has_uvloop():
    prove(NAME, code, good="uvloop", bad="asyncio", env=ON)


def test_without_the_variable_nothing_changes():
    found = probe(code, patch=NAME)
    assert (found.said, found.states[NAME]) == ("asyncio", "not needed")


def test_whoever_only_imports_the_server_keeps_his_loop():
    """As every process of a site that has channels in INSTALLED_APPS does."""
    found = probe(code.replace("daphne.cli", "daphne.server"), env=ON, patch=NAME)
    assert (found.said, found.states[NAME]) == ("asyncio", "not needed")


def test_what_a_site_does_with_loops_threads_and_processes(site):
    with daphne(site, APPLICATION, **ON) as address:
        with Client(address) as client:
            for word, said in WORDS:
                client.send(frame(word.encode()))
                assert (word, client.receive()) == (word, ("text", said))
            client.send(frame(b"loop"))  # a child that ended has stopped nothing
            assert client.receive() == ("text", "uvloop")


def test_the_log_says_so_and_a_signal_ends_it_in_order(site):
    server = Daphne(site, APPLICATION, name="signal", **ON)
    try:
        with Client(server.address) as client:
            client.send(frame(b"loop"))
            assert client.receive() == ("text", "uvloop")
            server.process.send_signal(signal.SIGTERM)
            assert client.receive() == ("close", 1012)
            client.send(frame(b"\x03\xf4", opcode=8))
        assert server.process.wait(30) == 0
        assert "Event loop: uvloop " in server.output()
    finally:
        server.stop()


def test_the_daphnes_of_tests_have_it_from_who_runs_them(site, monkeypatch):
    for name, value in ON.items():
        monkeypatch.setenv(name, value)
    with daphne(site, APPLICATION, name="environment") as address, Client(address) as client:
        client.send(frame(b"loop"))
        assert client.receive() == ("text", "uvloop")


def test_a_unix_socket_beside_an_inherited_one(site, tmp_path):
    path = str(tmp_path / "daphne.sock")
    with daphne(site, APPLICATION, "-u", path, name="unix", **ON):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(30)
            # It says nothing of this one.
            wait_until(lambda: client.connect_ex(path) == 0, what="a socket at " + path)
            client.sendall(upgrade())
            reading = client.makefile("rb")
            while reading.readline().strip():
                pass
            client.sendall(frame(b"loop"))
            assert reading.read(8) == b"\x81\x06uvloop"
            reading.close()


@pytest.mark.parametrize(
    "uvloop, why",
    [
        ("raise ModuleNotFoundError(name=__name__)", "uvloop is not installed in "),
        ("raise ImportError('wrong ELF class')", "wrong ELF class"),
        ("def new_event_loop(): raise OSError('too many open files')", "too many open files"),
    ],
)
def test_where_uvloop_cannot_be_had_daphne_says_so_once_and_serves(site, tmp_path, uvloop, why):
    (tmp_path / "uvloop.py").write_text(uvloop + "\n")
    (tmp_path / "loop_site.py").write_text((site / "loop_site.py").read_text())
    server = Daphne(tmp_path, APPLICATION, **ON)
    try:
        with Client(server.address) as client:
            client.send(frame(b"loop"))
            assert client.receive() == ("text", "asyncio")
        assert server.output().count(why) == 1
        assert "Traceback" not in server.output()
    finally:
        server.stop()


def test_the_system_check_names_a_uvloop_that_is_not_there(monkeypatch):
    monkeypatch.setenv("COMPAT_EVENT_LOOP", "uvloop")
    assert event_loop.problem() == ""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert "COMPAT_EVENT_LOOP='uvloop': " in event_loop.problem()
    assert "pip install 'django-devops-bridge[speed]'" in event_loop.problem()
    monkeypatch.setenv("COMPAT_EVENT_LOOP", "asyncio")
    assert event_loop.problem() == ""
