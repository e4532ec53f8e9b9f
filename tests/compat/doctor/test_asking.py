"""How the doctor asks over a connection, and where processes and nginx say what they do."""

import contextlib
import os
import socket
import subprocess
import threading
from types import SimpleNamespace

import pytest

from compat.doctor import examined, processes, wire
from compat.doctor.wire import Answer, Target


@pytest.fixture(params=["tcp", "unix"])
def server(request, tmp_path):
    """.answer is what everybody gets; .asked are the requests; .address where it is."""
    family = socket.AF_INET if request.param == "tcp" else socket.AF_UNIX
    with socket.socket(family) as listener:
        listener.bind(("127.0.0.1", 0) if family == socket.AF_INET else str(tmp_path / "s"))
        listener.listen(5)
        one = SimpleNamespace(answer=b"", asked=[], address=listener.getsockname())

        def serve():
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    text = b""
                    while b"\r\n\r\n" not in text:
                        text += client.recv(65536)
                    one.asked.append(text.decode())
                    with contextlib.suppress(OSError):  # who asked has heard enough
                        for part in one.answer if isinstance(one.answer, list) else [one.answer]:
                            client.sendall(part)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield one
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


@pytest.mark.parametrize(
    "answer, found",
    [
        (b"HTTP/1.1 101 S\r\nUPGRADE:  w \r\n\r\n", Answer(101, {"upgrade": "w"})),
        ([b"HTTP/1.0 302 F\r\nLoc", b"ation: /\r\n\r", b"\nbody"], Answer(302, {"location": "/"})),
        (b"HTTP/1.1 404\r\n\r\n", Answer(404, {})),
        (b"", Answer(0, {}, "the connection was closed")),
        (b"HTTP/1.1 200 OK\r\n", Answer(0, {}, "the connection was closed")),
        (b"SSH-2.0-x\r\n\r\n", Answer(0, {}, "the answer is not HTTP: 'SSH-2.0-x'")),
        (b"HTTP/1.1 x\r\n\r\n", Answer(0, {}, "the answer is not HTTP: 'HTTP/1.1 x'")),
        ([b"x" * 65536] * 18, Answer(0, {}, "the connection was closed")),
    ],
)  # fmt: skip
def test_an_answer_is_read(server, answer, found):
    server.answer = answer
    target = Target(server.address, "h:1", forwarded="https")
    assert wire.handshake(target, "/ws/", "http://h:1") == found
    head, *lines = server.asked[0].split("\r\n")
    assert head == "GET /ws/ HTTP/1.1" and lines[-2:] == ["", ""]
    assert lines[:4] == [
        "Host: h:1",
        "User-Agent: doctor",
        "X-Forwarded-Proto: https",
        "X-Forwarded-For: 127.0.0.1",
    ]
    assert {"Upgrade: websocket", "Connection: Upgrade", "Origin: http://h:1"} <= set(lines)
    assert {"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + wire.KEY} <= set(lines)
    wire.get(target._replace(forwarded=""), "/")
    assert "X-Forwarded" not in server.asked[1] and "Connection: close" in server.asked[1]


def test_a_server_that_is_not_there_or_silent(monkeypatch, tmp_path):
    monkeypatch.setattr(wire, "SECONDS", 0.1)
    missing = str(tmp_path / "none")
    assert wire.get(Target(missing, "h"), "/").status == 0
    for family, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_UNIX, missing)):
        with socket.socket(family) as listener:
            listener.bind(address)
            listener.listen(1)
            answer = wire.get(Target(listener.getsockname(), "h"), "/")
            assert answer.status == 0 and "timed out" in answer.error
            assert str(answer) == "no answer (timed out)"


def test_over_tls_the_name_is_asked_for(monkeypatch):
    made, wrapped = socket.socketpair()
    monkeypatch.setattr(wire, "reach", lambda address, seconds: made)

    class Context:
        def wrap_socket(self, connection, server_hostname):
            assert connection is made and server_hostname == "www.example.org"
            assert self.check_hostname is False and self.verify_mode == wire.ssl.CERT_NONE
            return wrapped

    monkeypatch.setattr(wire.ssl, "create_default_context", Context)
    with made, wrapped:
        target = Target(("www.example.org", 443), "h")
        later = wire.time.monotonic() + 10
        assert wire._connect(target._replace(tls=True), later) is wrapped
        assert wire._connect(target, later) is made


@pytest.mark.parametrize(
    "answer, text",
    [
        (Answer(200, {}), "200"),
        (Answer(302, {"location": "/x"}), "302 to /x"),
        (Answer(0, {}, "refused"), "no answer (refused)"),
    ],
)
def test_an_answer_in_words(answer, text):
    assert str(answer) == text


def test_what_this_process_listens_on_is_found(tmp_path):
    path = str(tmp_path / "s")
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as unix, socket.socket() as silent:
        tcp.bind(("127.0.0.1", 0))
        silent.bind(("127.0.0.1", 0))
        unix.bind(path)
        assert path not in processes.listening(os.getpid())
        tcp.listen(1)
        unix.listen(1)
        found = processes.listening(os.getpid())
        assert tcp.getsockname() in found and path in found
        assert silent.getsockname() not in found
    assert processes.listening(2**22 + 1) == []


@pytest.mark.parametrize(
    "family, text, host",
    [
        (socket.AF_INET, "0100007F", "127.0.0.1"),
        (socket.AF_INET, "00000000", "127.0.0.1"),
        (socket.AF_INET6, "0" * 32, "::1"),
        (socket.AF_INET6, "B80D0120000000000000000001000000", "2001:db8::1"),
    ],
)
def test_addresses_as_the_kernel_writes_them(family, text, host):
    assert processes._host(family, text) == host


@pytest.mark.parametrize(
    "title, arguments, status, text",
    [
        ([], [], 0, "conf"),
        (["-c", "/etc/n.conf", "-g", "daemon off;"], ["-c", "/etc/n.conf"], 0, "conf"),
        (["-p", "/a b", "-e", "x"], ["-p", "/a b"], 0, "conf"),
        (["-c", "x"], ["-c", "x"], 1, ""),
        (["-c", "x"], ["-c", "x"], None, ""),
    ],
)
def test_an_nginx_is_asked_for_what_it_was_started_with(
    monkeypatch, title, arguments, status, text
):
    called = []

    def run(words, **options):
        called.append((words, options))
        if status is None:
            raise OSError("gone")
        return SimpleNamespace(returncode=status, stdout=b"conf")

    monkeypatch.setattr(examined.subprocess, "run", run)
    assert examined._nginx(["/usr/sbin/nginx", *title]) == text
    ((words, options),) = called
    assert words == ["/usr/sbin/nginx", "-T", "-e", "stderr", *arguments]
    nothing, pipe = subprocess.DEVNULL, subprocess.PIPE
    assert options == dict(stdin=nothing, stdout=pipe, stderr=nothing, timeout=10)


def test_a_name_is_asked_for_once(monkeypatch):
    asked = []

    def getaddrinfo(host, port, type):
        asked.append(host)
        host.encode("idna")
        if host == "silent.example":
            released.wait(20)
        if host == "none.example":
            raise OSError("no such name")
        return [(socket.AF_INET, type, 6, "", ("127.0.0.1", port))]

    released = threading.Event()
    monkeypatch.setattr(wire, "_resolved", {})
    monkeypatch.setattr(wire.socket, "getaddrinfo", getaddrinfo)
    for _ in range(2):
        assert wire.resolve("a.example", 1)[0][4] == ("127.0.0.1", 1)
        with pytest.raises(OSError, match="no such name"):
            wire.resolve("none.example", 1)
    with pytest.raises(OSError, match="label"):
        wire.resolve("a" * 64 + ".example", 1)
    monkeypatch.setattr(wire, "SECONDS", 0.1)
    for _ in range(2):
        with pytest.raises(OSError, match="the DNS does not answer"):
            wire.resolve("silent.example", 1)
    released.set()
    assert asked[:2] + asked[3:] == ["a.example", "none.example", "silent.example"]


def test_each_address_of_a_name_is_tried(monkeypatch):
    with socket.socket() as refusing, socket.socket() as listener:
        refusing.bind(("127.0.0.1", 0))
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        spots = [refusing.getsockname(), listener.getsockname()]
        rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", spot) for spot in spots]
        monkeypatch.setattr(wire, "resolve", lambda host, port: rows)
        with wire.reach(("a.example", 1), 10) as made:
            assert made.getpeername() == spots[1]
        del rows[1]
        with pytest.raises(ConnectionRefusedError):
            wire.reach(("a.example", 1), 10)


def test_a_trickle_is_not_waited_for(monkeypatch):
    """Each byte is in time, and the answer never comes."""
    monkeypatch.setattr(wire, "SECONDS", 0.5)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)

        def trickle():
            with listener.accept()[0] as client, contextlib.suppress(OSError):
                while True:
                    client.sendall(b"H")
                    ended.wait(0.05)

        ended = threading.Event()
        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        assert wire.get(Target(listener.getsockname(), "h"), "/").error == "timed out"
    thread.join(10)
