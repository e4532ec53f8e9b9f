"""Server-Sent Events of a real daphne: what a client gets, and that nothing stays when it goes."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading

import pytest

from compat.streams.hub import READ_THREADS
from tests.support.events import Events, ask, deaf
from tests.support.raw import ask as send_and_receive
from tests.support.raw import receive, request
from tests.support.wait import wait_until


@pytest.fixture
def follow(server, stream):
    """Follow the stream of the test; closed with it."""
    opened = []

    def start(query="since=0", path=None, **headers):
        found = Events(server.address, path or f"/ws/{stream}/?{query}", headers=headers)
        opened.append(found)
        return found

    yield start
    for one in opened:
        one.close()


def test_entries_come_as_events_and_the_id_is_where_to_resume(follow, step, stream):
    step("publish", stream, "one")
    reader = follow()
    assert reader.status == 200
    assert reader.headers["Content-Type"] == "text/event-stream"
    assert reader.headers["Cache-Control"] == "no-store, no-transform"
    assert reader.headers["X-Accel-Buffering"] == "no"
    assert 1000 <= int(reader.event()["retry"]) <= 3000
    entries, live = reader.frames("live")
    epoch = live["epoch"]
    assert entries["bodies"] == ["one"] and "beat" not in live
    assert reader.id == f"{epoch}:1"
    step("publish", stream, {"text": "two\nlines"})
    assert reader.frame()["bodies"] == [{"text": "two\nlines"}]
    assert reader.id == f"{epoch}:2"
    step("publish_many", stream, ["three", "four"])
    reader.frames("entries")
    # The address has since=0 still: what the browser says of itself is later.
    again = follow(**{"Last-Event-ID": f"{epoch}:3"})
    assert again.frame() == {
        "type": "entries", "stream": stream, "epoch": epoch, "first": 4, "bodies": ["four"],
    }  # fmt: skip
    latest = follow("since=latest")
    assert latest.frame()["seq"] == 4 and latest.id == f"{epoch}:4"


def test_a_trimmed_log_and_another_history_are_told(follow, step, stream):
    step("publish_many", stream, [1, 2, 3])
    step("trim", stream, 1)
    reader = follow()
    gap, entries, live = reader.frames("live")
    assert (gap["type"], gap["oldest"], entries["bodies"]) == ("gap", 3, [3])
    first = live["epoch"]
    step("epoch", stream)
    reset = reader.frame()
    assert reset["type"] == "reset" and reset["epoch"] != first
    assert reader.id == reset["epoch"] + ":0"
    assert reader.frames("live")[-1]["seq"] == 3
    assert follow(**{"Last-Event-ID": f"{first}:3"}).frame() == reset


@pytest.mark.parametrize(
    "last, code",
    [
        ("x", "bad-since"),
        ("1:2:3", "bad-since"),
        (":", "bad-since"),
        ("e:-2", "bad-since"),
        ("e:" + "9" * 20, "bad-since"),
        ("\xff\xfe:%00", "bad-since"),
        ("x" * 8000, "bad-since"),
    ],
)
def test_what_is_no_cursor_is_refused_with_a_status(server, stream, last, code):
    headers = {"Accept": "text/event-stream", "Last-Event-ID": last}
    status, headers, body = ask(server.address, f"/ws/{stream}/", headers=headers)
    error, close = json.loads(body.decode())["frames"]
    assert (status, headers["Content-Type"]) == (400, "application/json")
    assert error["code"] == code and len(error["detail"]) < 200
    assert close == {"type": "close", "code": 4500}


def test_an_epoch_that_cannot_be_one_is_another_one(follow, step, stream):
    step("publish", stream, 1)
    for last in ("no such!:1", "x" * 3000 + ":1", "\xff:1"):
        assert follow(**{"Last-Event-ID": last}).frame()["type"] == "reset"


def until_comment(reader):
    """What comes before the first comment."""
    return [json.loads(e["data"]) for e in iter(reader.event, {"comment": ""}) if "data" in e]


def test_only_who_says_that_it_knows_beats_sees_them(follow, stream):
    knows, others, plain = follow("since=0&epoch="), follow(), follow("x=1")
    assert knows.frames("live")[-1]["beat"] == 0.3
    assert [knows.frame() for _ in range(2)] == [{"type": "beat"}] * 2
    assert "beat" not in until_comment(others)[-1]
    assert [until_comment(one) for one in (others, plain, plain)] == [[], [], []]


def test_plain_messages_have_no_number(follow, step, stream):
    reader = follow("")
    reader.event()
    wait_until(lambda: step("publish", stream, "two\r\nlines") or True)
    assert reader.frame() == {"message": "two\r\nlines"}
    assert reader.id is None


def test_each_method_is_answered(server, stream):
    path = f"/ws/{stream}/?since=0&transport=events"
    status, headers, body = ask(server.address, path, "HEAD")
    assert (status, body) == (200, b"") and headers["Content-Type"] == "text/event-stream"
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        status, headers, _ = ask(server.address, path, method)
        assert (status, headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert ask(server.address, path, "OPTIONS")[0] == 204
    asked = {"Origin": "http://evil.test", "Access-Control-Request-Method": "GET"}
    status, headers, _ = ask(server.address, f"/ws/{stream}/", "OPTIONS", asked)
    assert status == 204 and headers["Access-Control-Allow-Origin"] is None


def test_other_requests_are_the_sites_pages(server, stream):
    for path, accept in (
        (f"/ws/{stream}/", "text/html,*/*;q=0.8"),
        ("/elsewhere/", "text/event-stream"),
        (f"/ws/{stream}/?transport=carrier-pigeon", "text/event-stream"),
    ):
        status, headers, _ = ask(server.address, path, headers={"Accept": accept})
        assert status == 404 and headers["Content-Type"].startswith("text/html"), path


def test_http_1_0_gets_it_without_chunks(server, step, stream):
    step("publish", stream, "one")
    with socket.create_connection(server.address, 20) as client:
        client.sendall(b"GET /ws/%s/?since=0&transport=events HTTP/1.0\r\n\r\n" % stream.encode())
        head, end = receive(client, b'"live"')
    assert end == "found"
    assert b"chunked" not in head and b"\ndata: {" in head


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
def test_curl_follows_a_stream(server, step, stream):
    step("publish", stream, "one")
    command = ["curl", "-sN", "-H", "Accept: text/event-stream"]
    command.append("http://%s:%d/ws/%s/?since=0" % (server.address + (stream,)))
    with subprocess.Popen(command, stdout=subprocess.PIPE, universal_newlines=True) as curl:
        lines = iter(curl.stdout.readline, "")
        assert any('"bodies":["one"]' in line for line in lines)
        step("publish", stream, "two")
        assert any('"bodies":["two"]' in line for line in lines)
        curl.kill()


def test_no_follower_stays_when_the_client_goes(server, step, stream, members):
    wait_until(lambda: members() == 0, what="nobody of the tests before")
    readers = [Events(server.address, f"/ws/{stream}/?since=0") for _ in range(5)]
    for reader in readers:
        reader.frames("live")
    assert members() == 1
    for reader in readers:
        reader.close()
    wait_until(lambda: members() == 0, what="the end of the hub")


def test_a_client_that_does_not_read_is_reset_and_others_go_on(server, step, stream, members):
    slow = deaf(server.address, f"/ws/{stream}/?since=0")
    # More than the kernel takes: it is behind, then stuck, and 1 s later it has to go.
    publishing = threading.Thread(target=step, args=("publish_size", stream, 24, 500000))
    publishing.start()
    quick = Events(server.address, f"/ws/{stream}/?since=0")
    seen = 0
    while seen < 24:
        frame = quick.frame()
        seen += len(frame.get("bodies", ()))
    publishing.join()
    wait_until(lambda: "is stuck at" in server.output(), what="the slow one noticed")
    received, end = receive(slow)
    assert end in ("reset", "closed") and len(received) < 24 * 500000
    assert b'"close"' not in received[-100:]
    slow.close()
    quick.close()
    wait_until(lambda: members() == 0, what="the end of the hub")


def test_a_daphne_that_stops_says_so(site, step, stream):
    server = site.daphne()
    readers = [Events(server.address, f"/ws/{stream}/?since=0") for _ in range(3)]
    for reader in readers:
        reader.frames("live")
    waiting = threading.Thread(target=server.stop)
    waiting.start()
    for reader in readers:
        assert reader.frames("close")[-1] == {"type": "close", "code": 1012}
        assert reader.event() is None
        reader.close()
    waiting.join()
    assert "Cancelled at stop" not in server.output()


def test_hundreds_of_idle_readers_are_in_nobodys_way(server, step, stream):
    """No thread is theirs: a page is answered, and one entry reaches all of them."""
    with contextlib.ExitStack() as stack:
        readers = []
        for _ in range(200):
            readers.append(socket.create_connection(server.address, 20))
            stack.callback(readers[-1].close)
            readers[-1].sendall(request(f"/ws/{stream}/?since=0&transport=events"))
        for reader in readers:
            assert receive(reader, b'"live"')[1] == "found"
        assert ask(server.address, "/elsewhere/")[0] == 404
        threads = len(os.listdir(f"/proc/{server.process.pid}/task"))
        step("publish", stream, "one")
        for reader in readers:
            assert receive(reader, b'"bodies":["one"]')[1] == "found"
        # But for those that read the log for all of them.
        assert len(os.listdir(f"/proc/{server.process.pid}/task")) <= threads + READ_THREADS
        # Half of them go at once, without a word; the others go on.
        for reader in readers[::2]:
            reader.close()
        step("publish", stream, "two")
        for reader in readers[1::2]:
            assert receive(reader, b'"bodies":["two"]')[1] == "found"


@pytest.mark.parametrize(
    "header", ["Last-Event-ID: " + "x" * 70000, "Accept: " + "text/html," * 9000]
)
def test_giant_headers_are_refused_and_the_server_stays(server, stream, header):
    head = request(f"/ws/{stream}/?transport=events", "GET", header)
    answer, end = send_and_receive(server.address, head)
    assert end != "open" and b"text/event-stream" not in answer
    assert ask(server.address, "/elsewhere/")[0] == 404
