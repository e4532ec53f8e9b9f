"""Long polling of a real daphne."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from tests.support.events import ask, poll
from tests.support.wait import wait_until


@pytest.fixture
def path(stream):
    return lambda since: f"/ws/{stream}/?transport=poll&since={since}"


def test_what_waits_is_answered_at_once_with_the_cursor_of_the_next_request(
    server, step, stream, path
):
    step("publish_many", stream, ["one", "two"])
    status, found = poll(server.address, path(0))
    entries, live = found["frames"]
    assert status == 200 and entries["bodies"] == ["one", "two"] and live["seq"] == 2
    assert live["beat"] == 0.3  # there are none: an answer comes by then
    assert found["cursor"] == live["epoch"] + ":2"
    step("publish", stream, "three")
    again = poll(server.address, path(found["cursor"]))[1]
    assert again["frames"][0]["bodies"] == ["three"]
    assert again["cursor"] == live["epoch"] + ":3"


def test_it_waits_for_the_next_entry(server, step, stream, path, members):
    step("publish", stream, 1)
    frames = [{"type": "live"}]
    with ThreadPoolExecutor(1) as pool:
        # A machine with much to do may be too late with the entry.
        while frames[-1]["type"] == "live":
            cursor = poll(server.address, path("latest"))[1]["cursor"]
            wait_until(lambda: members() == 0, what="nobody who waits")
            answer = pool.submit(poll, server.address, path(cursor))
            wait_until(lambda: members() == 1 or answer.done(), what="the reader")
            step("publish", stream, 2)
            frames = answer.result(20)[1]["frames"]
    assert [frame["bodies"] for frame in frames if frame["type"] == "entries"] == [[2]]


def test_nothing_in_time_is_no_news(server, step, stream, path):
    step("publish", stream, 1)
    status, found = poll(server.address, path(1))
    assert (status, [frame["type"] for frame in found["frames"]]) == (200, ["live"])
    # A stream that nobody has published to is one all the same.
    status, found = poll(server.address, path(0).replace(stream, stream + "b"))
    assert status == 200 and found["cursor"] == "0"


def test_another_epoch_is_told(server, step, stream, path):
    step("publish", stream, 1)
    found = poll(server.address, path("nosuch:1"))[1]
    assert [frame["type"] for frame in found["frames"]] == ["reset", "entries", "live"]


def test_what_is_large_comes_in_several_answers(server, step, stream, path):
    step("publish_size", stream, 40, 30000)
    cursor, answers, bodies = 0, 0, []
    while len(bodies) < 40:
        found = poll(server.address, path(cursor))[1]
        cursor, answers = found["cursor"], answers + 1
        for frame in found["frames"]:
            assert frame["type"] != "gap"
            bodies += frame.get("bodies", [])
    assert bodies == ["x" * 30000] * 40 and 2 < answers < 12


@pytest.mark.parametrize(
    "since, status, code",
    [("x", 400, 4500), ("1:2:3", 400, 4500), ("", 400, 4500), ("%FF%00", 400, 4500)],
)
def test_what_is_no_cursor_has_a_status(server, path, since, status, code):
    found = poll(server.address, path(since))
    assert found[0] == status and found[1]["frames"][-1] == {"type": "close", "code": code}


def many(streams):
    """The address of a socket with many streams."""
    return "/ws/streams/?transport=poll&wait=0&subscribe=" + quote(json.dumps(streams))


def test_many_streams_are_asked_for_in_the_address(server, step, stream):
    other = stream + ".b"
    step("publish", stream, 1)
    step("publish", other, 2)
    status, found = poll(server.address, many({stream: 0, other: 0, stream + ":secret": 0}))
    assert (status, found["cursor"]) == (200, None)
    told = [(one["type"], one.get("stream")) for one in found["frames"]]
    assert told[0] == ("hello", None) and ("error", stream + ":secret") in told
    assert {("entries", stream), ("live", stream), ("entries", other), ("live", other)} < set(told)


@pytest.mark.parametrize("said", ["[]", "x", "{}", '"a"', "1" * 5000, "[" * 5000, '{"a":0,"a":1'])
def test_what_names_no_streams_subscribes_to_none(server, said):
    path = "/ws/streams/?transport=poll&subscribe=" + quote(said)
    status, found = poll(server.address, path)
    assert (status, [one["type"] for one in found["frames"]]) == (200, ["hello"])


def test_each_method_is_answered(server, path):
    status, headers, body = ask(server.address, path(0), "HEAD")
    assert (status, body, headers["Content-Type"]) == (200, b"", "application/json")
    assert ask(server.address, path(0), "POST")[0] == 405


def test_a_consumer_that_fails_is_a_500(site, stream):
    server = site.daphne()
    status, _, body = ask(server.address, "/ws/fails/?transport=poll&since=0")
    assert status == 500 and b"Traceback" not in body
    assert "asked to fail" in server.output()
    server.stop()


def test_a_socket_without_a_stream_has_no_news(server, stream):
    plain = f"/ws/{stream}/?transport=poll"
    assert poll(server.address, plain) == (200, {"cursor": None, "frames": []})


def test_who_goes_while_waiting_leaves_nothing(server, stream, path, members):
    wait_until(lambda: members() == 0, what="nobody of the tests before")
    with socket.create_connection(server.address, 20) as client:
        lines = ["GET %s HTTP/1.1" % path(0), "Host: a", "", ""]
        client.sendall("\r\n".join(lines).encode())
        wait_until(lambda: members() == 1, what="the reader")
    wait_until(lambda: members() == 0, what="the end of it")
