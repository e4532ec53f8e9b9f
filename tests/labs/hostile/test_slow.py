"""Clients that take their time, take nothing, or come in crowds."""

import contextlib
import os
import subprocess
import sys
import threading
import time

import pytest

from tests.support import CHECKOUT, frames
from tests.support.daphne import daphne
from tests.support.nginx import nginx_or_skip
from tests.support.servers import Server, free_port
from tests.support.wait import wait_until

from .cases.handshakes import handshake
from .wire import Peer, frame, request

MB = 1024 * 1024
CROWD = 1000


def until_closed(peer, byte, seconds):
    """Send a byte now and then until the server has had enough; fails after `seconds`."""
    peer.socket.settimeout(0.5)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not peer.send(byte):
            return
        with contextlib.suppress(OSError):
            if not peer.socket.recv(65536):
                return
    raise AssertionError("open after %s s" % seconds)


def test_a_head_that_never_ends_is_ended(site):
    with site.peer() as peer, site.peer() as silent:
        peer.send(site.bytes(handshake())[:-2])
        until_closed(peer, b"X", 45)
        silent.socket.settimeout(45)
        assert silent.status() == "closed"  # since it was opened before, it is over by now
    site.serves()


def test_nor_does_it_where_another_server_is_the_default(tmp_path):
    """Until the Host header has come nginx goes by the timeouts of the address's default server."""
    port = free_port()
    conf = tmp_path / "conf"
    command = [sys.executable, "-m", "deploy_conf", "render", "--domain", "site.example"]
    command += ["--output", str(conf), "--run-dir", str(tmp_path / "run"), "--log-dir"]
    command += [str(tmp_path / "log"), "--listen", "127.0.0.1", "--port", str(port)]
    command += ["--user", "root"] if os.getuid() == 0 else []
    subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    for folder in ("run", "run-root", "log"):
        (tmp_path / folder).mkdir()
    text = (conf / "nginx.conf").read_text()
    assert "return 444" in text
    (conf / "nginx.conf").write_text(
        text.replace("client_header_timeout 15s", "client_header_timeout 2s")
    )
    command = [nginx_or_skip(), "-c", str(conf / "nginx.conf"), "-e", "stderr"]
    nginx = Server(command, port, str(tmp_path / "log" / "error.log"))
    try:
        with Peer(("127.0.0.1", port)) as peer:
            peer.send(b"GET / HTTP/1.1\r\nX-A: ")
            until_closed(peer, b"X", 30)
    finally:
        nginx.stop()


def test_a_crowd_that_says_nothing_keeps_nobody_out(site, harmless):
    half = site.bytes(handshake())[:-2]
    daphnes, nginx = harmless.descriptors("daphne"), harmless.descriptors("nginx")
    with contextlib.ExitStack() as stack:
        for number in range(CROWD):
            peer = stack.enter_context(site.peer())
            if number % 2:
                peer.send(half)
        wait_until(lambda: harmless.descriptors("nginx") >= nginx + CROWD, what="nginx has them")
        for _ in range(10):
            site.serves()
        # Half a handshake is nothing that daphne would have to know of.
        assert harmless.descriptors("daphne") < daphnes + 50
    wait_until(lambda: harmless.descriptors("nginx") < nginx + 50, what="nginx forgot them")


def test_clients_that_leave_in_the_middle_leave_nothing(site):
    for number in range(300):
        with site.peer() as peer:
            peer.send(site.bytes(handshake()))
            if number % 3:
                assert peer.status() == 101
            if number % 3 == 2:
                peer.send(frame(b"x" * 1000)[:500])


def test_pings_that_nobody_reads_the_answers_of(site, harmless):
    with site.open(window=4096) as peer:
        peer.socket.settimeout(3)  # nobody says that no more will be taken
        ping, sent = frame(b"x" * 125, 9) * 1000, 0
        with contextlib.suppress(OSError):
            while sent < 8 * MB:
                sent += peer.socket.send(ping)
        site.serves()
        assert harmless.growth() < 40 * MB


def test_a_flood_of_tiny_messages(site, harmless):
    flood = frame(b"x") * 200000
    with site.open() as peer:
        sender = threading.Thread(target=peer.send, args=[flood])
        sender.start()
        for _ in range(5):
            site.serves()
        assert harmless.growth() < 40 * MB
        # Most are dropped, and one error a second says so.
        for code in ('"bad-json"', '"too-fast"'):
            while code not in peer.text():  # or what others say to the group
                pass
        peer.socket.shutdown(2)
        sender.join()


def test_a_reader_that_stands_still_while_others_talk(site, harmless):
    with site.open(window=4096) as still, site.open() as talks:
        line = b'{"message": "' + b"x" * 60000 + b'"}'
        for _ in range(60):
            talks.send(frame(line))
            said = talks.text()
            while len(said) < 60000:
                assert '"too-fast"' in said
                time.sleep(1)  # its bucket fills with time, and one complaint a second tells of it
                talks.send(frame(line))
                said = talks.text()
        site.serves()
        assert harmless.growth() < 40 * MB
        assert still.text() == line.decode()  # what it had missed is still there


@pytest.fixture
def impatient(tmp_path):
    """A daphne that asks for a pong after a second, and waits a second for it."""
    frames.write_site(tmp_path)
    options = ["--ping-interval", "1", "--ping-timeout", "1"]
    with daphne(tmp_path, frames.APPLICATION, *options) as address:
        yield address


def test_a_frame_that_never_ends_is_ended(impatient):
    with Peer(impatient) as peer:
        peer.send(frames.upgrade())
        assert peer.status() == 101
        peer.send(frame(b"x" * 1000)[:10])
        until_closed(peer, b"x", 30)
    with Peer(impatient) as other:
        other.send(request(b"GET / HTTP/1.1", b"Host: a"))
        assert other.status() == 200
