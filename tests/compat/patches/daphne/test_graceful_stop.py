"""Real daphnes are told to stop in the middle of their work."""

import select
import signal
import time

import pytest

from tests.support.probe import probe, source

from .stopping import answer, daphnes

NAME = "daphne.graceful_stop"
RESTART = b"\x88\x11\x03\xf4service restart"  # a close frame with code 1012
NORMAL = b"\x88\x82\0\0\0\0\x03\xe8"  # a close frame of a client, with code 1000
BYTES = 1000000  # in the body of a response


def test_what_is_in_flight_is_finished(tmp_path):
    with daphnes(tmp_path) as [daphne]:
        slow, fails = daphne.request("/slow"), daphne.request("/fails")
        daphne.tell()
        with pytest.raises(ConnectionRefusedError):
            for _ in range(1000):  # the last that the kernel has taken are reset
                try:
                    daphne.connect().close()
                except ConnectionResetError:
                    pass
        (tmp_path / "go").touch()
        head, _, body = answer(slow).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ") and b"\r\nConnection: close" in head
        assert body.count(b"x") == BYTES and body.endswith(b"0\r\n\r\n")
        assert answer(fails).startswith(b"HTTP/1.1 500 ")
        assert daphne.status() == 0
        assert "on purpose" in daphne.output()


def test_without_the_patch_it_is_cut_off(tmp_path):
    with daphnes(tmp_path, COMPAT_DISABLE=NAME) as [daphne]:
        slow, websocket = daphne.request("/slow"), daphne.websocket()
        daphne.process.send_signal(signal.SIGTERM)
        assert answer(slow) == b""
        assert answer(websocket) == b""
        (tmp_path / "go").touch()
        assert daphne.status() == 0


def test_clients_are_told_to_come_back(tmp_path):
    with daphnes(tmp_path) as [daphne]:
        websocket, slow = daphne.websocket(), daphne.request("/slow")
        idle = daphne.request("/")
        received = b""
        while not received.endswith(b"0\r\n\r\n"):
            received += idle.recv(65536)
        daphne.tell(signal.SIGINT)
        assert answer(idle) == b""
        assert websocket.recv(100) == RESTART
        websocket.sendall(NORMAL)
        assert answer(websocket) == b""
        daphne.wait_for("websocket.disconnect 1012")
        assert daphne.process.poll() is None
        (tmp_path / "go").touch()
        assert answer(slow).startswith(b"HTTP/1.1 200 ")
        assert daphne.status() == 0


def test_many_clients_do_not_return_at_once(tmp_path):
    with daphnes(tmp_path, COMPAT_DRAIN_SECONDS="25") as [daphne]:
        websockets = [daphne.websocket() for _ in range(100)]
        daphne.tell()
        told, _, _ = select.select(websockets, [], [], 30)
        assert 0 < len(told) < 100
        assert [websocket.recv(100) for websocket in websockets] == [RESTART] * 100
        for websocket in websockets:
            websocket.close()
        assert daphne.status() == 0
        assert daphne.output().count("websocket.disconnect 1012") == 100


def test_another_process_takes_the_connections(tmp_path):
    with daphnes(tmp_path, 2) as pair:
        slow = pair[0].connect("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        deadline = time.monotonic() + 30
        while not any("began /slow" in each.output() for each in pair):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        daphne, sibling = sorted(pair, key=lambda each: "began /slow" not in each.output())
        daphne.tell()
        for _ in range(20):
            assert answer(daphne.connect("GET / HTTP/1.0\r\n\r\n")).count(b"x") == BYTES
        assert sibling.output().count("began /\n") == 20
        (tmp_path / "go").touch()
        assert answer(slow).count(b"x") == BYTES
        assert daphne.status() == 0


def test_a_request_on_its_way_in_is_answered(tmp_path):
    with daphnes(tmp_path) as [daphne]:
        upload = daphne.connect("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1")
        stalled = daphne.connect("GET / HTTP/1.1\r\n")
        daphne.request("/slow")
        daphne.tell()
        upload.sendall(b"2")
        assert b"\r\nConnection: close" in answer(upload).partition(b"\r\n\r\n")[0]
        assert answer(stalled) == b""
        assert daphne.process.poll() is None
        (tmp_path / "go").touch()
        assert daphne.status() == 0


@pytest.mark.parametrize("path", ["/stuck", "/blocks-the-loop"])
def test_it_ends_whatever_hangs(tmp_path, path):
    with daphnes(tmp_path, COMPAT_DRAIN_SECONDS="1") as [daphne]:
        daphne.request(path + "?secret")
        daphne.process.send_signal(signal.SIGTERM)
        assert daphne.status() == 1
        [line] = [line for line in daphne.output().splitlines() if "Ended by force" in line]
        assert line.endswith("not done within 1 s; still running: GET " + path)


def test_without_the_patch_it_hangs_too(tmp_path):
    with daphnes(tmp_path, COMPAT_DRAIN_SECONDS="1", COMPAT_DISABLE=NAME) as [daphne]:
        daphne.request("/stuck")
        daphne.process.send_signal(signal.SIGTERM)
        assert daphne.status(seconds=3) is None


def test_an_application_that_would_go_on_is_cancelled(tmp_path):
    with daphnes(tmp_path, COMPAT_DRAIN_SECONDS="1") as [daphne]:
        daphne.request("/waits-for-ever")
        daphne.tell()
        assert daphne.status() == 0
        assert "was cancelled" in daphne.output()
        assert "Cancelled at stop: GET /waits-for-ever" in daphne.output()


def test_a_second_signal_ends_it_at_once(tmp_path):
    with daphnes(tmp_path, COMPAT_DRAIN_SECONDS="600") as [daphne]:
        daphne.request("/stuck")
        daphne.tell()
        daphne.process.send_signal(signal.SIGINT)
        assert daphne.status() == 128 + signal.SIGTERM
        assert "told twice to stop; still running: GET /stuck" in daphne.output()


@pytest.mark.parametrize("value", ["soon", "0", "nan", "-1", "inf"])
def test_a_limit_that_is_none(value):
    @source
    def code():
        from compat.patches.daphne.graceful_stop import drain_seconds

        print(drain_seconds())

    found = probe(code, env={"COMPAT_DRAIN_SECONDS": value})
    assert found.said == "5.0"
    assert (
        "COMPAT_DRAIN_SECONDS=%r: expected a number of seconds from 0.05 to 3600" % value
        in found.error
    )


def test_the_record():
    assert probe("import daphne.server, daphne.ws_protocol", patch=NAME).states[NAME] == "applied"
